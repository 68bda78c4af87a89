// SPDX-License-Identifier: Apache-2.0
#include "datapath/untrusted.h"

#include <map>
#include <utility>

#include "datapath/address.h"
#include "datapath/clock.h"
#include "datapath/map.h"

namespace namegate::datapath {

namespace {

// LRU eviction may leave one server in two places of an endpoint; add() merges them.
using Servers = std::map<std::pair<std::uint32_t, IpAddress>, UntrustedServer>;

void add(Servers& servers, std::uint32_t endpoint, const ng_untrusted& value) {
    const IpAddress address = to_address(value.server);
    UntrustedServer& server = servers.try_emplace({endpoint, address}, UntrustedServer{endpoint, address, 0, value.last}).first->second;
    server.responses += value.responses;
    server.last = tick_after(value.last, server.last) ? value.last : server.last;
}

std::vector<UntrustedServer> listed(const Servers& servers) {
    std::vector<UntrustedServer> out;
    out.reserve(servers.size());
    for (const auto& entry : servers) {
        out.push_back(entry.second);
    }
    return out;
}

}  // namespace

Result<std::vector<UntrustedServer>> read_untrusted(Datapath& datapath) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kUntrusted));
    Servers servers;
    NG_TRY((map_for_each<ng_untrusted_key, ng_untrusted>(
        fd, [&servers](const ng_untrusted_key& key, const ng_untrusted& value) { add(servers, key.endpoint, value); })));
    return listed(servers);
}

Result<std::vector<UntrustedServer>> read_untrusted(Datapath& datapath, std::uint32_t endpoint) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kUntrusted));
    Servers servers;
    for (std::uint32_t place = 0; place < NG_UNTRUSTED_PER_ENDPOINT; ++place) {
        NG_ASSIGN(const auto value, map_lookup<ng_untrusted>(fd, ng_untrusted_key{endpoint, place}));
        if (value) {
            add(servers, endpoint, *value);
        }
    }
    return listed(servers);
}

Result<> forget_untrusted(Datapath& datapath, std::uint32_t endpoint) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kUntrusted));
    for (std::uint32_t place = 0; place < NG_UNTRUSTED_PER_ENDPOINT; ++place) {
        NG_TRY(map_erase(fd, ng_untrusted_key{endpoint, place}));
    }
    return ok();
}

}  // namespace namegate::datapath

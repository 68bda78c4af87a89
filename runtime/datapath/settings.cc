// SPDX-License-Identifier: Apache-2.0
#include "datapath/settings.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string>

#include "datapath/map.h"
#include "datapath/reader.h"

namespace namegate::datapath {

namespace {

ng_trusted_key trusted_key(const TrustedPrefix& server) {
    ng_trusted_key key{};
    key.prefix_len = 32 + (server.prefix.is_v4() ? 96 : 0) + server.prefix.length();
    key.be_port = htons(server.port);
    key.addr = to_ng_addr(server.prefix.address());
    return key;
}

bool same_key(const ng_trusted_key& a, const ng_trusted_key& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

Result<> put_config(Datapath& datapath, const ng_config& config) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kConfig));
    const std::uint32_t zero = 0;
    return map_update(fd, zero, config);
}

}  // namespace

Result<> set_trusted(Datapath& datapath, const std::vector<TrustedPrefix>& servers, bool pod_servers) {
    constexpr std::uint16_t kPodServerPort = 53;
    std::set<std::uint16_t> ports;
    if (pod_servers) {
        ports.insert(kPodServerPort);
    }
    std::vector<ng_trusted_key> wanted;
    for (const auto& server : servers) {
        if (server.port == 0) {
            return Error(Code::kInvalidInput, "a trusted DNS server needs a port from 1 to 65535");
        }
        ports.insert(server.port);
        wanted.push_back(trusted_key(server));
    }
    if (ports.size() > NG_MAX_DNS_PORTS) {
        return Error(Code::kInvalidInput, "trusted DNS servers use " + std::to_string(ports.size()) + " different ports, at most " +
                                              std::to_string(NG_MAX_DNS_PORTS) + " are possible");
    }
    NG_ASSIGN(const int fd, datapath.map(MapId::kTrusted));
    NG_ASSIGN(const auto present, (map_entries<ng_trusted_key, std::uint32_t>(fd)));
    NG_TRY(map_update_many(fd, wanted, std::vector<std::uint32_t>(wanted.size(), 1)));
    NG_ASSIGN(ng_config config, read_config(datapath));
    std::fill(std::begin(config.be_dns_ports), std::end(config.be_dns_ports), __u16{0});
    std::size_t at = 0;
    for (const std::uint16_t port : ports) {
        config.be_dns_ports[at++] = htons(port);
    }
    NG_TRY(put_config(datapath, config));
    std::vector<ng_trusted_key> stale;
    for (const auto& entry : present) {
        const ng_trusted_key& key = entry.first;
        if (std::none_of(wanted.begin(), wanted.end(), [&key](const ng_trusted_key& other) { return same_key(other, key); })) {
            stale.push_back(key);
        }
    }
    return map_erase_many(fd, stale);
}

Result<> set_config(Datapath& datapath, const TtlSettings& ttl) {
    NG_ASSIGN(ng_config config, read_config(datapath));
    config.extra_ttl = ttl.extra;
    config.min_ttl = ttl.min;
    config.max_ttl = ttl.max;
    return put_config(datapath, config);
}

Result<ng_config> read_config(Datapath& datapath) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kConfig));
    const std::uint32_t zero = 0;
    NG_ASSIGN(const auto config, map_lookup<ng_config>(fd, zero));
    return config.value_or(ng_config{});
}

}  // namespace namegate::datapath

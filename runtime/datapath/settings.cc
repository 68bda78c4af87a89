// SPDX-License-Identifier: Apache-2.0
#include "datapath/settings.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string>

#include "datapath/address.h"
#include "datapath/map.h"

namespace namegate::datapath {

namespace {

ng_trusted_key trusted_key(const TrustedPrefix& server) {
    ng_trusted_key key{};
    key.prefix_len = 32 + (server.prefix.is_v4() ? 96 : 0) + server.prefix.length();
    key.be_port = htons(server.port);
    key.addr = to_ng_addr(server.prefix.address());
    return key;
}

ng_never_key never_key(const NeverPrefix& prefix) {
    ng_never_key key{};
    key.prefix_len = 32 + prefix.length;
    key.type = prefix.aaaa ? NG_TYPE_AAAA : NG_TYPE_A;
    key.addr = to_ng_addr(IpAddress(prefix.bytes));
    return key;
}

// Replaces a set that is stored as the keys of a map: writes the wanted keys first and erases the others last. `between`
// runs between the two steps.
template <typename Key, typename Between>
Result<> replace_keys(int fd, const std::vector<Key>& wanted, const Between& between) {
    NG_ASSIGN(const auto present, (map_entries<Key, std::uint32_t>(fd)));
    NG_TRY(map_update_many(fd, wanted, std::vector<std::uint32_t>(wanted.size(), 1)));
    NG_TRY(between());
    std::vector<Key> stale;
    for (const auto& entry : present) {
        const Key& key = entry.first;
        if (std::none_of(wanted.begin(), wanted.end(), [&key](const Key& other) { return std::memcmp(&other, &key, sizeof key) == 0; })) {
            stale.push_back(key);
        }
    }
    return map_erase_many(fd, stale);
}

Result<> put_config(Datapath& datapath, const ng_config& config) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kConfig));
    const std::uint32_t zero = 0;
    return map_update(fd, zero, config);
}

}  // namespace

Result<> set_never_opens(Datapath& datapath, const std::vector<NeverPrefix>& prefixes) {
    if (prefixes.size() > NG_MAX_NEVER_OPENS) {
        return Error(Code::kInvalidInput, std::to_string(prefixes.size()) + " prefixes that no name opens, at most " +
                                              std::to_string(NG_MAX_NEVER_OPENS) + " are possible");
    }
    std::vector<ng_never_key> wanted;
    wanted.reserve(prefixes.size());
    for (const NeverPrefix& prefix : prefixes) {
        wanted.push_back(never_key(prefix));
    }
    NG_ASSIGN(const int fd, datapath.map(MapId::kNeverOpens));
    return replace_keys(fd, wanted, [] { return ok(); });
}

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
    return replace_keys(fd, wanted, [&]() -> Result<> {
        NG_ASSIGN(ng_config config, read_config(datapath));
        std::fill(std::begin(config.be_dns_ports), std::end(config.be_dns_ports), __u16{0});
        std::size_t at = 0;
        for (const std::uint16_t port : ports) {
            config.be_dns_ports[at++] = htons(port);
        }
        return put_config(datapath, config);
    });
}

Result<> set_ttl(Datapath& datapath, const TtlSettings& ttl) {
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

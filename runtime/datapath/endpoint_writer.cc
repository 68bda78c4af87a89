// SPDX-License-Identifier: Apache-2.0
#include "datapath/endpoint_writer.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "datapath/address.h"
#include "datapath/hello_maps.h"
#include "datapath/map.h"

namespace namegate::datapath {

namespace {

Result<ng_endpoint> read_endpoint(Datapath& datapath, std::uint32_t slot) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kEndpoints));
    NG_ASSIGN(const auto endpoint, map_lookup<ng_endpoint>(fd, slot));
    if (!endpoint) {
        return Error(Code::kInvalidInput, "slot " + std::to_string(slot) + " does not exist");
    }
    return *endpoint;
}

const ng_endpoint_config& active_of(const ng_endpoint& endpoint) { return endpoint.version[endpoint.active & 1]; }

Error address_count_error(const EndpointIdentity& identity) {
    return {Code::kUnsupported, "an endpoint has 1 to " + std::to_string(NG_MAX_ENDPOINT_ADDRS) + " addresses, not " +
                                    std::to_string(identity.addresses.size())};
}

Result<ng_endpoint_config> base_config(const EndpointIdentity& identity) {
    if (identity.endpoint == 0) {
        return Error(Code::kInternal, "the endpoint has no id");
    }
    if (identity.addresses.size() > NG_MAX_ENDPOINT_ADDRS) {
        return address_count_error(identity);
    }
    ng_endpoint_config config{};
    config.endpoint = identity.endpoint;
    config.n_addrs = static_cast<__u8>(identity.addresses.size());
    for (std::size_t i = 0; i < identity.addresses.size(); ++i) {
        config.addrs[i] = to_ng_addr(identity.addresses[i]);
    }
    std::copy(identity.mac.begin(), identity.mac.end(), std::begin(config.mac));
    config.flags = identity.routed ? NG_ENDPOINT_ROUTED : 0U;
    return config;
}

// Writes beside the active configuration, then flips.
Result<> put_config(Datapath& datapath, std::uint32_t slot, ng_endpoint_config config) {
    NG_ASSIGN(ng_endpoint endpoint, read_endpoint(datapath, slot));
    const ng_endpoint_config& active = active_of(endpoint);
    config.generation = active.generation;
    if (std::memcmp(&config, &active, sizeof config) == 0) {
        return ok();
    }
    // A generation is never reused, even if the slot had another endpoint before.
    config.generation = active.generation == 0 ? NG_FIRST_GENERATION : active.generation + 1;
    const __u32 other = (endpoint.active & 1) ^ 1;
    endpoint.version[other] = config;
    NG_ASSIGN(const int fd, datapath.map(MapId::kEndpoints));
    NG_TRY(map_update(fd, slot, endpoint));
    endpoint.active = other;
    return map_update(fd, slot, endpoint);
}

// The active configurations of all endpoints, by slot.
Result<std::vector<ng_endpoint_config>> active_configs(Datapath& datapath) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kEndpoints));
    std::vector<ng_endpoint_config> configs;
    NG_TRY((map_for_each<std::uint32_t, ng_endpoint>(fd, [&configs](std::uint32_t, const ng_endpoint& endpoint) {
        if (active_of(endpoint).endpoint != 0) {
            configs.push_back(active_of(endpoint));
        }
    })));
    return configs;
}

// Assigns counters to the directions that have none yet. The counters of the active configuration stay in use until the
// flip.
Result<> assign_counters(CounterRoom& counters, const ng_endpoint_config& active, ng_endpoint_config& config) {
    counters.next_endpoint();
    for (int d : {NG_EGRESS, NG_INGRESS}) {
        ng_direction& direction = config.direction[d];
        if (direction.policy != 0 && direction.policy == active.direction[d].policy && active.endpoint == config.endpoint) {
            direction.counter_base = active.direction[d].counter_base;
        }
    }
    for (ng_direction& direction : config.direction) {
        if (direction.policy != 0 && direction.counter_base == 0) {
            NG_ASSIGN(const auto base, counters.take(direction.n_rules));
            direction.counter_base = base.value_or(0);  // if the table is full, the endpoint counts into the shared counter 0
        }
    }
    return ok();
}

std::uint32_t near_place(std::uint32_t ifindex) { return ifindex & (NG_NEAR_IFACES - 1); }

// Does nothing when another interface has the entry: the programs then use the hash map.
Result<> take_near_place(Datapath& datapath, std::uint32_t ifindex, const ng_iface& iface) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kNearIfaces));
    const std::uint32_t place = near_place(ifindex);
    NG_ASSIGN(const auto there, map_lookup<ng_near_iface>(fd, place));
    return there && there->ifindex == 0 ? map_update(fd, place, ng_near_iface{ifindex, iface, 0}) : ok();
}

Result<> leave_near_place(Datapath& datapath, std::uint32_t ifindex) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kNearIfaces));
    const std::uint32_t place = near_place(ifindex);
    NG_ASSIGN(const auto there, map_lookup<ng_near_iface>(fd, place));
    return there && there->ifindex == ifindex ? map_update(fd, place, ng_near_iface{}) : ok();
}

}  // namespace

Result<> write_closed(Datapath& datapath, const EndpointIdentity& identity) {
    NG_ASSIGN(ng_endpoint_config config, base_config(identity));
    config.mode = NG_MODE_CLOSED;
    return put_config(datapath, identity.slot, config);
}

namespace {

unsigned dns_flags(policy::DnsQueries queries) {
    switch (queries) {
        case policy::DnsQueries::kAllowed: return NG_ENDPOINT_DNS_ALLOWED;
        case policy::DnsQueries::kLog: return NG_ENDPOINT_DNS_LOG;
        case policy::DnsQueries::kAny: break;
    }
    return 0;
}

// The configuration with these policies; its mode is still closed.
Result<ng_endpoint_config> policy_config(Datapath& datapath, const EndpointIdentity& identity, const EndpointPolicies& policies,
                                         CounterRoom& counters) {
    NG_ASSIGN(ng_endpoint_config config, base_config(identity));
    if (policies.egress != 0) {
        NG_ASSIGN(const ng_policy egress, installed_policy(datapath, policies.egress));
        config.direction[NG_EGRESS] = egress.direction;
        config.filter = egress.filter;
        if ((egress.direction.flags & NG_DIR_TLS) != 0) {
            NG_TRY(ensure_hello_table(datapath, identity.slot));
        }
    }
    if (policies.ingress != 0) {
        NG_ASSIGN(const ng_policy ingress, installed_policy(datapath, policies.ingress));
        config.direction[NG_INGRESS] = ingress.direction;
    }
    const unsigned flags =
        (policies.reject ? NG_ENDPOINT_REJECT : 0U) | (policies.keep_flows ? NG_ENDPOINT_KEEP : 0U) | dns_flags(policies.dns);
    config.flags = static_cast<__u16>(config.flags | flags);
    if (policies.dns_servers.size() > NG_POD_SERVERS) {
        return Error(Code::kUnsupported, "an endpoint has at most " + std::to_string(NG_POD_SERVERS) + " DNS servers of its own");
    }
    config.n_servers = static_cast<__u8>(policies.dns_servers.size());
    for (std::size_t i = 0; i < policies.dns_servers.size(); ++i) {
        config.servers[i] = to_ng_addr(policies.dns_servers[i]);
    }
    config.mode = NG_MODE_CLOSED;
    NG_ASSIGN(const ng_endpoint endpoint, read_endpoint(datapath, identity.slot));
    NG_TRY(assign_counters(counters, active_of(endpoint), config));
    return config;
}

}  // namespace

Result<> write_prepared(Datapath& datapath, const EndpointIdentity& identity, const EndpointPolicies& policies, CounterRoom& counters) {
    NG_ASSIGN(const ng_endpoint_config config, policy_config(datapath, identity, policies, counters));
    return put_config(datapath, identity.slot, config);
}

Result<> write_policies(Datapath& datapath, const EndpointIdentity& identity, const EndpointPolicies& policies, CounterRoom& counters) {
    if (identity.addresses.empty()) {
        return address_count_error(identity);
    }
    NG_ASSIGN(ng_endpoint_config config, policy_config(datapath, identity, policies, counters));
    config.mode = policies.egress != 0 || policies.ingress != 0 ? NG_MODE_ENFORCED : NG_MODE_OPEN;
    return put_config(datapath, identity.slot, config);
}

Result<> bind_interface(Datapath& datapath, std::uint32_t ifindex, const EndpointIdentity& identity) {
    // The near entry is removed first, so that the two maps never contradict each other.
    NG_TRY(leave_near_place(datapath, ifindex));
    const ng_iface iface{identity.endpoint, identity.slot};
    NG_ASSIGN(const int fd, datapath.map(MapId::kIfaces));
    NG_TRY(map_update(fd, ifindex, iface));
    return take_near_place(datapath, ifindex, iface);
}

Result<> unbind_interface(Datapath& datapath, std::uint32_t ifindex) {
    NG_TRY(leave_near_place(datapath, ifindex));
    NG_ASSIGN(const int fd, datapath.map(MapId::kIfaces));
    auto erased = map_erase(fd, ifindex);
    return erased ? ok() : Result<>(erased.error());
}

Result<std::optional<ng_endpoint_config>> active_config(Datapath& datapath, std::uint32_t slot) {
    NG_ASSIGN(const ng_endpoint endpoint, read_endpoint(datapath, slot));
    const ng_endpoint_config& config = active_of(endpoint);
    return config.endpoint == 0 ? std::nullopt : std::optional<ng_endpoint_config>(config);
}

Result<std::set<PolicyId>> policies_in_use(Datapath& datapath) {
    NG_ASSIGN(const auto configs, active_configs(datapath));
    std::set<PolicyId> ids;
    for (const auto& config : configs) {
        for (const ng_direction& direction : config.direction) {
            if (direction.policy != 0) {
                ids.insert(direction.policy);
            }
        }
    }
    return ids;
}

}  // namespace namegate::datapath

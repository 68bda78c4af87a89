// SPDX-License-Identifier: Apache-2.0
#include "daemon/page/known_connections.h"

#include <arpa/inet.h>

#include <algorithm>
#include <map>
#include <string>

#include "daemon/events/wall_clock.h"
#include "daemon/page/connection_sink.h"
#include "datapath/clock.h"
#include "datapath/endpoint_writer.h"
#include "datapath/reader.h"
#include "policy/model/protocol.h"

namespace namegate::daemon {

namespace {

using NamesByAddress = std::map<IpAddress, std::vector<std::string>>;

// Flows that policy allowed: not those that the node itself began.
bool counts(const datapath::FlowEntry& flow, const ng_clock& now, std::uint32_t hz) {
    return (flow.value.flags & NG_FLOW_NODE) == 0 && datapath::flow_is_live(flow, now.jiffies, hz);
}

ConnectionKey key_of(const Node& node, const datapath::FlowEntry& flow, const NamesByAddress& names, std::uint32_t endpoint) {
    ConnectionKey key;
    key.ingress = flow.value.direction == NG_INGRESS;
    key.protocol = flow.key.protocol;
    if (policy::has_ports(key.protocol)) {
        key.port = ntohs(key.ingress ? flow.key.be_local_port : flow.key.be_remote_port);
    }
    key.address = flow.remote;
    if (key.ingress) {
        return key;
    }
    if (const auto known = names.find(flow.remote); known != names.end() && !known->second.empty()) {
        key.name = known->second.back();
    } else {
        key.name = node.name_history().name_of(endpoint, flow.remote);
    }
    if (!key.name.empty()) {
        key.address = {};
    }
    return key;
}

}  // namespace

void KnownConnections::start() {
    waiting_.clear();
    for (const auto& entry : node_.records()) {
        waiting_.push_back(entry.first);
    }
}

void KnownConnections::read(std::uint64_t until_boot_ns) {
    while (!waiting_.empty()) {
        const std::uint32_t endpoint = waiting_.back();
        waiting_.pop_back();
        if (const auto record = node_.records().find(endpoint); record != node_.records().end()) {
            read_one(record->second);
        }
        if (node_.clock().boot_ns() >= until_boot_ns) {
            return;
        }
    }
}

void KnownConnections::read_one(const endpoints::Record& record) {
    const std::uint64_t boot_ns = node_.clock().boot_ns();
    const std::string now = wall_time(boot_ns, boot_ns);
    add_flows(record, now);
    add_names(record, now);
}

void KnownConnections::add_flows(const endpoints::Record& record, const std::string& now) {
    const auto clock = datapath::read_clock(node_.datapath());
    const auto flows = datapath::read_flows(node_.datapath(), record.slot);
    const auto config = datapath::active_config(node_.datapath(), record.slot);
    if (!clock || !flows || !config || !*config || (*config)->endpoint != record.id) {
        return;
    }
    const NamesByAddress names = node_.cache().names_by_address(record.id);
    std::size_t added = 0;
    for (const datapath::FlowEntry& flow : *flows) {
        if (added >= kConnectionsPerEndpoint || !counts(flow, *clock, node_.datapath().hz())) {
            continue;
        }
        ConnectionKey key = key_of(node_, flow, names, record.id);
        // The number of a rule is that of the configuration which judged the flow.
        const policy::RuleOrigin* rule =
            flow.value.generation == (*config)->generation ? find_rule(node_, record.id, key.ingress, flow.value.rule) : nullptr;
        if (rule != nullptr) {
            key.rule = policy::short_name(*rule);
        }
        if (connections_.has(record.id, key)) {
            continue;
        }
        Connection* made = connections_.note(record.id, key, {flow.remote}, now);
        if (made != nullptr && rule != nullptr) {
            made->rule = shortened(*rule);
        }
        ++added;
    }
}

void KnownConnections::add_names(const endpoints::Record& record, const std::string& now) {
    const std::vector<dns::NameEntry> entries = node_.cache().entries(record.id);
    for (std::size_t i = 0; i < entries.size() && i < kConnectionsPerEndpoint; ++i) {
        ConnectionKey key;
        key.seen = Seen::kLookedUp;
        key.name = entries[i].name;
        std::vector<IpAddress> addresses;
        for (const dns::NameEntry::Address& address : entries[i].addresses) {
            addresses.push_back(address.address);
        }
        if (!connections_.has(record.id, key)) {
            connections_.note(record.id, key, addresses, now);
        }
    }
}

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/listings/staged_view.h"

#include <arpa/inet.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "api/explain.h"
#include "datapath/clock.h"
#include "datapath/reader.h"
#include "policy/compiler/evaluate.h"
#include "policy/model/protocol.h"

namespace namegate::daemon {

namespace {

using endpoints::Record;
using policy::Direction;

std::vector<api::StagedRule> view_rules_of(const policy::CompiledPolicy& compiled) {
    std::vector<api::StagedRule> rules;
    rules.reserve(compiled.rules.size());
    for (std::size_t i = 0; i < compiled.rules.size(); ++i) {
        rules.push_back({api::rule_item(compiled.rules[i], i), compiled.rules[i].origin.policy_kind.rfind("Staged", 0) == 0});
    }
    return rules;
}

// TCP and UDP flows of this direction that policies apply to, so not those that the node itself began.
bool counts(const datapath::FlowEntry& flow, Direction direction) {
    return (flow.key.protocol == policy::kProtocolTcp || flow.key.protocol == policy::kProtocolUdp) &&
           flow.value.direction == static_cast<std::uint8_t>(direction) && (flow.value.flags & NG_FLOW_NODE) == 0;
}

policy::PacketView packet_of(const datapath::FlowEntry& flow, Direction direction, std::vector<std::string> names) {
    const std::uint16_t local = ntohs(flow.key.be_local_port);
    const std::uint16_t remote = ntohs(flow.key.be_remote_port);
    policy::PacketView packet;
    packet.remote = flow.remote;
    packet.protocol = flow.key.protocol;
    packet.source_port = direction == Direction::kEgress ? local : remote;
    packet.destination_port = direction == Direction::kEgress ? remote : local;
    packet.names = std::move(names);
    return packet;
}

std::string text_of(const policy::PacketView& packet) {
    return packet.remote.with_port(packet.destination_port) + "/" + policy::protocol_name(packet.protocol);
}

}  // namespace

Result<std::optional<api::StagedEffect>> view_staged(Node& node, const Record& record, Direction direction) {
    const auto preview = node.programmer().preview(record, node.runtime().all_records(), direction);
    if (!preview) {
        return std::optional(api::StagedEffect{preview.error().message(), {}});
    }
    if (*preview == nullptr) {
        return std::optional<api::StagedEffect>();
    }
    NG_ASSIGN(const ng_clock now, datapath::read_clock(node.datapath()));
    NG_ASSIGN(const auto flows, datapath::read_flows(node.datapath(), record.slot));
    const auto names = node.cache().names_by_address(record.id);
    std::uint64_t live = 0;
    std::uint64_t denied = 0;
    std::string example;
    for (const datapath::FlowEntry& flow : flows) {
        if (!counts(flow, direction) || !datapath::flow_is_live(flow, now.jiffies, node.datapath().hz())) {
            continue;
        }
        ++live;
        const auto known = names.find(flow.remote);
        auto packet = packet_of(flow, direction, known == names.end() ? std::vector<std::string>() : known->second);
        packet.to_trusted_server = (*preview)->bound != 0 && node.runtime().trusts(record, packet.remote, packet.destination_port);
        if (flow.value.pattern != 0) {  // E8: the pattern that admitted the flow counts, even if its address has expired
            NG_ASSIGN(std::string pattern, datapath::read_pattern_text(node.datapath(), flow.value.pattern));
            packet.patterns.push_back(std::move(pattern));
        }
        if (!policy::evaluate(**preview, packet).allowed && denied++ == 0) {
            example = text_of(packet);
        }
    }
    return std::optional(api::StagedEffect{{}, view_rules_of(**preview), live, denied, example});
}

}  // namespace namegate::daemon

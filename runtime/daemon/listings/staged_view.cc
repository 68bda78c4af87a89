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

using api::Json;
using endpoints::Record;
using policy::Direction;

Json view_rules_of(const policy::CompiledPolicy& compiled) {
    Json rules = Json::array();
    for (std::size_t i = 0; i < compiled.rules.size(); ++i) {
        Json rule = api::rule_json(compiled.rules[i], i);
        rule["staged"] = compiled.rules[i].origin.policy_kind.rfind("Staged", 0) == 0;
        rules.push_back(std::move(rule));
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

Result<Json> view_staged(Node& node, const Record& record, Direction direction) {
    const auto preview = node.programmer().preview(record, node.runtime().all_records(), direction);
    if (!preview) {
        return Json{{"error", preview.error().message()}, {"rules", Json::array()}};
    }
    if (*preview == nullptr) {
        return Json(nullptr);
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
        if (flow.value.pattern != 0) {  // E8: the pattern that admitted the flow counts, even if its address has expired
            NG_ASSIGN(std::string pattern, datapath::read_pattern_text(node.datapath(), flow.value.pattern));
            packet.patterns.push_back(std::move(pattern));
        }
        if (!policy::evaluate(**preview, packet).allowed && denied++ == 0) {
            example = text_of(packet);
        }
    }
    return Json{{"error", ""}, {"rules", view_rules_of(**preview)}, {"liveFlows", live}, {"deniedFlows", denied}, {"example", example}};
}

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/staged_events.h"

#include <algorithm>

#include "policy/compiler/evaluate.h"
#include "policy/model/protocol.h"

namespace namegate::daemon {

namespace {

using endpoints::Record;
using policy::CompiledPolicy;
using policy::Direction;

// Whether the verdict depends on the ICMP type: events do not have it, only the identifier of an echo.
bool matches_icmp_type(const CompiledPolicy& compiled, std::uint8_t protocol) {
    return std::any_of(compiled.ports.begin(), compiled.ports.end(), [protocol](const policy::PortEntry& entry) {
        return !entry.any_protocol && entry.protocol == protocol && entry.prefix_bits > 0;
    });
}

policy::PacketView view_of(const EventPacket& event) {
    policy::PacketView packet;
    packet.remote = event.remote;
    packet.protocol = event.protocol;
    if (!policy::is_icmp(event.protocol)) {
        packet.source_port = event.ingress ? event.remote_port : event.local_port;
        packet.destination_port = event.destination_port();
    }
    return packet;
}

StagedVerdict no_verdict(const std::string& why) { return {false, {}, why}; }

}  // namespace

void StagedEvents::drop_outdated() {
    const std::uint64_t revision = node_.programmer().revision();
    if (revision == revision_) {
        return;
    }
    revision_ = revision;
    previews_.clear();
    const auto& tiers = node_.programmer().snapshot().tiers();
    any_staged_ = std::any_of(tiers.begin(), tiers.end(), [](const policy::Snapshot::TierView& tier) {
        return std::any_of(tier.policies.begin(), tier.policies.end(), [](const policy::Policy* policy) { return policy->staged; });
    });
}

const StagedEvents::Preview* StagedEvents::preview_of(const Record& record, Direction direction) {
    const Key key{record.id, direction};
    const auto known = previews_.find(key);
    if (known != previews_.end()) {
        known->second.used = ++calls_;
        return &known->second;
    }
    if (!budget_.try_spend(kPreviewUnits)) {
        return nullptr;
    }
    if (previews_.size() >= kMaxPreviews) {
        previews_.erase(std::min_element(previews_.begin(), previews_.end(),
                                         [](const auto& one, const auto& other) { return one.second.used < other.second.used; }));
    }
    Preview preview;
    preview.used = ++calls_;
    auto compiled = node_.programmer().preview(record, node_.runtime().all_records(), direction);
    if (compiled) {
        preview.compiled = std::move(compiled).value();
    } else {
        preview.error = compiled.error().message();
    }
    return &previews_.emplace(key, std::move(preview)).first->second;
}

std::optional<StagedVerdict> StagedEvents::judge(const Event& event) {
    const EventPacket* packet = event.packet();
    if (packet == nullptr || event.kind == EventKind::kFlowEnded || event.kind == EventKind::kDropped) {
        return std::nullopt;
    }
    drop_outdated();
    const auto record = node_.records().find(event.endpoint->id);
    if (!any_staged_ || record == node_.records().end()) {
        return std::nullopt;
    }
    const Preview* preview = preview_of(record->second, packet->ingress ? Direction::kIngress : Direction::kEgress);
    if (preview != nullptr && preview->compiled == nullptr) {
        return preview->error.empty() ? std::nullopt : std::optional(no_verdict(preview->error));
    }
    if (preview == nullptr || !budget_.try_spend(1)) {
        return no_verdict("too many events");
    }
    const CompiledPolicy& compiled = *preview->compiled;
    if (policy::is_icmp(packet->protocol) && matches_icmp_type(compiled, packet->protocol)) {
        return no_verdict("the rules match the ICMP type, which events do not have");
    }
    policy::PacketView view = view_of(*packet);
    if (!compiled.patterns.empty()) {
        view.names = node_.cache().names_of(event.endpoint->id, view.remote);
    }
    const bool may_be_dns = view.protocol == policy::kProtocolUdp || view.protocol == policy::kProtocolTcp;
    view.to_trusted_server =
        compiled.bound != 0 && may_be_dns && node_.runtime().trusts(record->second, view.remote, view.destination_port);
    const policy::Verdict verdict = policy::evaluate(compiled, view);
    return StagedVerdict{verdict.allowed, compiled.rules[verdict.rule].origin, ""};
}

std::optional<api::StagedItem> StagedEvents::verdict(const Event& event) {
    const auto judged = judge(event);
    if (!judged) {
        return std::nullopt;
    }
    api::StagedItem out;
    if (!judged->error.empty()) {
        out.error = judged->error;
        return out;
    }
    const policy::RuleOrigin& origin = judged->origin;
    out.allowed = judged->allowed;
    out.rule = policy::short_name(origin);
    out.by_staged = origin.policy_kind.rfind("Staged", 0) == 0;
    return out;
}

}  // namespace namegate::daemon

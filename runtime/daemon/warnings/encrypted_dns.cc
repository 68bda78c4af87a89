// SPDX-License-Identifier: Apache-2.0
#include "daemon/warnings/encrypted_dns.h"

#include <arpa/inet.h>

#include <algorithm>
#include <utility>

#include "base/listed.h"
#include "daemon/node.h"
#include "daemon/warnings/warnings.h"
#include "datapath/clock.h"
#include "datapath/reader.h"
#include "dns/public_resolvers.h"

namespace namegate::daemon {

namespace {

std::uint64_t last_use(const std::map<std::uint32_t, std::uint64_t>& endpoints) {
    std::uint64_t last = 0;
    for (const auto& one : endpoints) {
        last = std::max(last, one.second);
    }
    return last;
}

}  // namespace

void EncryptedDns::note(std::uint32_t endpoint, const IpAddress& remote, std::uint8_t protocol, std::uint16_t port) {
    std::string what = dns::encrypted_dns(remote, protocol, port);
    if (what.empty()) {
        return;
    }
    if (used_.count(what) == 0 && used_.size() >= kEncryptedResolvers) {
        used_.erase(std::min_element(used_.begin(), used_.end(),
                                     [](const auto& one, const auto& other) { return last_use(one.second) < last_use(other.second); }));
    }
    used_[std::move(what)][endpoint] = clock_.boot_ns();
}

void EncryptedDns::take(const Event& event) {
    if (event.kind == EventKind::kEndpointRemoved) {
        for (auto& one : used_) {
            one.second.erase(event.endpoint->id);
        }
        std::erase_if(used_, [](const auto& one) { return one.second.empty(); });
    } else if (const EventPacket* packet = event.packet(); packet != nullptr && !packet->ingress) {
        note(event.endpoint->id, packet->remote, packet->protocol, packet->remote_port);
    }
}

void EncryptedDns::tick(Node& node) {
    const std::uint64_t now = clock_.boot_ns();
    for (auto& one : used_) {
        std::erase_if(one.second, [now](const auto& use) { return now - use.second > kEncryptedDnsNs; });
    }
    std::erase_if(used_, [](const auto& one) { return one.second.empty(); });
    const RecordMap& records = node.records();
    for (std::size_t left = records.size(); left > 0; --left) {
        auto next = records.lower_bound(next_);
        next = next == records.end() ? records.begin() : next;
        next_ = next->first + 1;
        const node::Programmed* state = node.programmer().find(next->first);
        if (state != nullptr && state->egress && !state->egress->patterns.empty()) {
            look_at(node, next->second);
            return;
        }
    }
}

void EncryptedDns::look_at(Node& node, const endpoints::Record& record) {
    const auto time = datapath::read_clock(node.datapath());
    const auto flows = datapath::read_flows(node.datapath(), record.slot);
    if (!time || !flows) {
        return;
    }
    for (const datapath::FlowEntry& flow : *flows) {
        if (flow.value.direction == NG_EGRESS && (flow.value.flags & NG_FLOW_NODE) == 0 &&
            datapath::flow_is_live(flow, time->jiffies, node.datapath().hz())) {
            note(record.id, flow.remote, flow.key.protocol, ntohs(flow.key.be_remote_port));
        }
    }
}

std::vector<Warning> EncryptedDns::warnings(const Node& node) const {
    std::vector<Warning> out;
    for (const auto& [what, endpoints] : used_) {
        std::vector<std::string> pods;
        for (const auto& one : endpoints) {
            if (const auto record = node.records().find(one.first); record != node.records().end()) {
                pods.push_back(display_name(record->second));
            }
        }
        if (!pods.empty()) {
            out.push_back(
                {"DNS that cannot be read", what,
                 std::to_string(pods.size()) + (pods.size() == 1 ? " pod" : " pods") + " (" + listed(pods, kShownWarnings) + ") " +
                     (pods.size() == 1 ? "uses " : "use ") + what +
                     ": names that are looked up there open nothing; turn it off in the pod, so that it uses a trusted DNS server, "
                     "or allow its destinations by nets"});
        }
    }
    return out;
}

}  // namespace namegate::daemon

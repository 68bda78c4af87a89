// SPDX-License-Identifier: Apache-2.0
#include "daemon/page/graph_reply.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "daemon/events/wall_clock.h"
#include "daemon/json_text.h"
#include "daemon/listings/degraded.h"
#include "daemon/listings/views.h"
#include "daemon/page/connection_json.h"

namespace namegate::daemon {

namespace {

constexpr std::uint64_t kFormatVersion = 1;

// The policies whose rules are in force for the endpoint.
void add_policies(std::set<std::string>& out, const node::CompiledRef& compiled) {
    for (std::size_t i = 0; compiled != nullptr && i < compiled->rules.size(); ++i) {
        if (const policy::RuleOrigin& origin = compiled->rules[i].origin; !origin.policy_name.empty()) {
            out.insert(origin.policy_name);
        }
    }
}

std::string name_of_node(const config::Config& config) {
    std::array<char, 256> name{};
    if (!config.node_name.empty() || ::gethostname(name.data(), name.size() - 1) != 0) {
        return config.node_name;
    }
    return name.data();
}

}  // namespace

GraphReply::GraphReply(Node& node, Connections& connections) : node_(node), connections_(connections) {
    const std::uint64_t now = node_.clock().boot_ns();
    epoch_ = std::to_string(now);
    recorded_since_ = wall_time(now, now);
}

std::optional<std::uint64_t> GraphReply::number_of(std::string_view since) const {
    const std::size_t dash = since.find('-');
    std::uint64_t number = 0;
    if (since.size() > kMaxSinceBytes || dash == std::string_view::npos || since.substr(0, dash) != epoch_) {
        return std::nullopt;
    }
    const std::string_view digits = since.substr(dash + 1);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool good = parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size() && number <= connections_.number();
    return good ? std::optional(number) : std::nullopt;
}

// The list is compared as text, so that readers get it only when it has changed.
void GraphReply::refresh() {
    const std::uint64_t now = node_.clock().boot_ns();
    if (warnings_ != nullptr) {
        warnings_->refresh();
    }
    if (endpoints_boot_ns_ != 0 && now - endpoints_boot_ns_ < kEndpointsKeptNs) {
        return;
    }
    endpoints_boot_ns_ = now;
    node_facts_ = write_node();
    if (std::string current = write_endpoints(); current != endpoints_) {
        endpoints_ = std::move(current);
        endpoints_changed_ = connections_.change();
    }
}

std::string GraphReply::write_endpoints() {
    std::map<std::pair<const void*, const void*>, std::vector<std::string>> policies;  // by compiled policies, which endpoints share
    JsonText out;
    for (const auto& [id, record] : node_.records()) {
        const node::Programmed* state = node_.programmer().find(id);
        const auto [own, is_new] =
            policies.try_emplace({state == nullptr ? nullptr : state->egress.get(), state == nullptr ? nullptr : state->ingress.get()});
        if (is_new && state != nullptr) {
            std::set<std::string> names;
            add_policies(names, state->egress);
            add_policies(names, state->ingress);
            own->second.assign(names.begin(), names.end());
        }
        const auto mode = mode_of(node_, record);
        out.open_object().field("id", std::uint64_t{id}).field("endpoint", endpoints::display_name(record));
        out.field("namespace", record.pod_namespace).field("pod", record.pod_name).field("interface", record.host_ifname);
        out.field("mode", mode ? *mode : std::string("closed")).field("policies", own->second);
        out.field("addresses", endpoints::texts(record.addresses)).close_object();
    }
    return out.take();
}

std::string GraphReply::write_node() const {
    JsonText out;
    out.open_object().field("name", name_of_node(node_.config())).field("version", NAMEGATE_VERSION);
    std::vector<std::string> degraded;
    for (Degradation& one : degradations(node_)) {
        degraded.push_back(std::move(one.text));
    }
    out.field("degraded", degraded).field("warnings", warnings_ == nullptr ? std::vector<std::string>() : warnings_->lines());
    return out.close_object().take();
}

std::string GraphReply::make(std::string_view since, bool loading) {
    refresh();
    const auto known = number_of(since);
    const auto removed = connections_.removed_after(known.value_or(0));
    const bool full = !known || !removed;
    const std::uint64_t number = full ? 0 : *known;
    const std::vector<const Connection*> changed = connections_.changed_after(number, kConnectionsPerReply);
    const bool more = changed.size() == kConnectionsPerReply;
    const ConnectionLists lists = write_connections(changed);
    const std::uint64_t now = node_.clock().boot_ns();
    JsonText out;
    out.open_object().field("formatVersion", kFormatVersion);
    out.field("sequence", epoch_ + "-" + std::to_string(more ? changed.back()->changed : connections_.number()));
    out.field("full", full).field("more", more || loading).field("time", wall_time(now, now)).field("recordedSince", recorded_since_);
    out.raw("node", node_facts_).open_object("limits").field("edges", std::uint64_t{kConnections});
    out.field("edgesPerEndpoint", std::uint64_t{kConnectionsPerEndpoint}).field("forgotten", connections_.forgotten()).close_object();
    if (full || (endpoints_changed_ > number && !more)) {
        out.open_list("endpoints").raw(endpoints_).close_list();
    }
    out.open_list("removed");
    for (std::size_t i = 0; !full && i < removed->size(); ++i) {
        out.entry(removed->at(i));
    }
    out.close_list().open_list("rules").raw(lists.rules).close_list();
    out.open_list("edges").raw(lists.edges).close_list();
    return out.close_object().take();
}

}  // namespace namegate::daemon

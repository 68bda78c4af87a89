// SPDX-License-Identifier: Apache-2.0
#include "daemon/socket/commands.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/events/event_json.h"
#include "daemon/listings/denials.h"
#include "daemon/listings/explain.h"
#include "daemon/listings/policy_use.h"
#include "daemon/listings/views.h"
#include "policy/compiler/destination.h"

namespace namegate::daemon {

namespace {

using api::Json;
using endpoints::Record;

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::size_t kMaxPastEvents = 2048;  // of one stream

Result<Json> list_endpoints(Node& node) {
    Json out = Json::array();
    for (const auto& entry : node.records()) {
        NG_ASSIGN(Json one, view_endpoint(node, entry.second));
        out.push_back(std::move(one));
    }
    return out;
}

Result<Json> list_names(Node& node, const std::string& endpoint) {
    if (!endpoint.empty()) {
        NG_ASSIGN(const Record* record, find_endpoint(node.records(), endpoint));
        return view_names(node, *record);
    }
    Json out = Json::array();
    for (const auto& entry : node.records()) {
        for (Json& name : view_names(node, entry.second)) {
            out.push_back(std::move(name));
        }
    }
    return out;
}

Result<EventFilter> event_filter(const Node& node, const api::MonitorRequest& request) {
    EventFilter filter;
    if (!request.endpoint.empty()) {
        NG_ASSIGN(const Record* record, find_endpoint(node.records(), request.endpoint));
        filter.endpoint = record->id;
    }
    if (!request.name.empty()) {
        NG_ASSIGN(filter.name, policy::DomainPattern::parse(request.name));
    }
    filter.name_space = request.name_space;
    filter.pod = request.pod;
    filter.rule = request.rule;
    filter.denied = request.denied;
    filter.dns = request.dns;
    filter.flows = request.flows;
    return filter;
}

// The newest events of the last `seconds` that match, oldest first, and how many older ones are left out.
std::vector<std::string> past_events(const Parts& parts, const EventFilter& filter, std::uint32_t seconds) {
    const EventHistory& history = parts.events.history();
    const std::uint64_t now = parts.node.clock().boot_ns();
    const std::uint64_t span = seconds * kSecondNs;
    std::vector<std::string> lines;
    std::uint64_t left_out = 0;
    for (auto event = history.events().rbegin(); event != history.events().rend() && now - event->boot_ns <= span; ++event) {
        if (!filter.matches(*event)) {
            continue;
        }
        if (lines.size() < kMaxPastEvents) {
            lines.push_back(api::dump(event_json(*event)));
        } else {
            ++left_out;
        }
    }
    const bool all_are_new = history.events().empty() || now - history.events().front().boot_ns <= span;
    left_out += all_are_new ? history.forgotten() : 0;
    if (left_out > 0) {
        lines.push_back(api::dump({{"kind", "lost"}, {"count", left_out}}));
    }
    std::reverse(lines.begin(), lines.end());
    return lines;
}

Result<SocketServer::Reply> make_reply(Result<Json> result) {
    if (!result) {
        return result.error();
    }
    return SocketServer::Reply{std::move(result).value(), std::nullopt};
}

Result<SocketServer::Reply> make_reply(const Result<>& done) { return make_reply(reply_of(done)); }

// One function for each command; std::visit() does not compile if one is missing.
struct Handler {
    const Parts& parts;
    Node& node = parts.node;

    using Reply = Result<SocketServer::Reply>;

    Reply operator()(const api::StatusRequest& /*request*/) const { return make_reply(view_status(node, parts.learner)); }
    Reply operator()(const api::EndpointsRequest& /*request*/) const { return make_reply(list_endpoints(node)); }
    Reply operator()(const api::PoliciesRequest& request) const {
        if (request.endpoint.empty()) {
            return make_reply(view_policies(node));
        }
        NG_ASSIGN(const Record* record, find_endpoint(node.records(), request.endpoint));
        return make_reply(view_rules(node, *record));
    }
    Reply operator()(const api::AddressesRequest& request) const {
        NG_ASSIGN(const Record* record, find_endpoint(node.records(), request.endpoint));
        return make_reply(view_addresses(node, *record));
    }
    Reply operator()(const api::NamesRequest& request) const { return make_reply(list_names(node, request.endpoint)); }
    Reply operator()(const api::ExplainRequest& request) const {
        NG_ASSIGN(const Record* record, find_endpoint(node.records(), request.endpoint));
        NG_ASSIGN(const policy::Destination destination, policy::parse_destination(request.destination));
        const auto direction = request.ingress ? policy::Direction::kIngress : policy::Direction::kEgress;
        return make_reply(view_explanation(node, *record, destination, direction));
    }
    Reply operator()(const api::WhyRequest& request) const {
        NG_ASSIGN(const Record* record, find_endpoint(node.records(), request.endpoint));
        std::optional<policy::Destination> destination;
        if (!request.destination.empty()) {
            NG_ASSIGN(destination, policy::parse_destination(request.destination));
        }
        return make_reply(view_denials(node, *record, parts.events.denials().of(record->id), destination));
    }
    Reply operator()(const api::MonitorRequest& request) const {
        NG_ASSIGN(EventFilter filter, event_filter(node, request));
        std::vector<std::string> past =
            request.since_seconds == 0 ? std::vector<std::string>() : past_events(parts, filter, request.since_seconds);
        return SocketServer::Reply{Json::object(), EventStream{std::move(filter), std::move(past)}};
    }
    Reply operator()(const api::PrepareRequest& request) const { return make_reply(node.prepare(request.container, request.interface)); }
    Reply operator()(const api::ProgramRequest& request) const {
        return make_reply(node.program(request.container, request.interface, request.addresses));
    }
    Reply operator()(const api::ForgetRequest& request) const {
        if (request.endpoint) {
            node.forget(*request.endpoint);
        } else {
            node.reconcile();
        }
        return make_reply(ok());
    }
};

}  // namespace

Result<Json> reply_of(const Result<>& done) { return done ? Result<Json>(Json::object()) : done.error(); }

Result<SocketServer::Reply> handle_call(const Parts& parts, const api::Call& call) { return std::visit(Handler{parts}, call); }

Result<const Record*> find_endpoint(const RecordMap& records, const std::string& text) {
    const Record* found = nullptr;
    for (const auto& entry : records) {
        const Record& record = entry.second;
        const bool exact = record.container_id == text || record.host_ifname == text ||
                           (!record.pod_name.empty() && record.pod_namespace + "/" + record.pod_name == text);
        const bool prefix = !text.empty() && record.container_id.compare(0, text.size(), text) == 0;
        if (!exact && !prefix) {
            continue;
        }
        if (found != nullptr) {
            return Error(Code::kInvalidInput, "several endpoints match \"" + text + "\": give the host interface, such as " +
                                                  found->host_ifname + " or " + record.host_ifname);
        }
        found = &record;
    }
    if (found == nullptr) {
        return Error(Code::kNotFound, "there is no endpoint \"" + text + "\"; see: namegatectl endpoints");
    }
    return found;
}

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/socket/commands.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "api/reply.h"
#include "daemon/events/event_json.h"
#include "daemon/listings/denials.h"
#include "daemon/listings/explain.h"
#include "daemon/listings/other_pods.h"
#include "daemon/listings/policy_use.h"
#include "daemon/listings/staged_changes.h"
#include "daemon/listings/views.h"
#include "policy/compiler/destination.h"

namespace namegate::daemon {

namespace {

using endpoints::Record;

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::size_t kMaxPastEvents = 2048;  // of one stream

Result<api::EndpointsReply> list_endpoints(Node& node) {
    api::EndpointsReply out;
    out.reserve(node.records().size());
    for (const auto& entry : node.records()) {
        NG_ASSIGN(api::EndpointItem one, view_endpoint(node, entry.second));
        out.push_back(std::move(one));
    }
    return out;
}

Result<api::NamesReply> list_names(Node& node, const std::string& endpoint) {
    if (!endpoint.empty()) {
        NG_ASSIGN(const Record* record, find_endpoint(node, endpoint));
        return view_names(node, *record);
    }
    api::NamesReply out;
    for (const auto& entry : node.records()) {
        for (api::NameItem& name : view_names(node, entry.second)) {
            out.push_back(std::move(name));
        }
    }
    return out;
}

Result<EventFilter> event_filter(const Node& node, const api::MonitorRequest& request) {
    EventFilter filter;
    if (!request.endpoint.empty()) {
        NG_ASSIGN(const Record* record, find_endpoint(node, request.endpoint));
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
    filter.addresses = request.addresses;
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

// The reply to `monitor`, and what follows it.
struct Followed {
    api::DoneReply reply;
    EventStream stream;
};

Result<api::DoneReply> reply_of(const Result<>& done) { return done ? Result(api::DoneReply()) : done.error(); }

// One function for each command; std::visit() does not compile if one is missing.
struct Handler {
    const Parts& parts;
    Node& node = parts.node;

    Result<api::StatusReply> operator()(const api::StatusRequest& /*request*/) const { return view_status(node, parts.learner); }
    Result<api::EndpointsReply> operator()(const api::EndpointsRequest& /*request*/) const { return list_endpoints(node); }
    Result<api::PoliciesReply> operator()(const api::PoliciesRequest& request) const {
        if (request.endpoint.empty()) {
            NG_ASSIGN(api::PolicyList list, view_policies(node));
            return api::PoliciesReply{std::move(list), {}};
        }
        NG_ASSIGN(const Record* record, find_endpoint(node, request.endpoint));
        NG_ASSIGN(api::RulesReply rules, view_rules(node, *record));
        return api::PoliciesReply{{}, std::move(rules)};
    }
    Result<api::AddressesReply> operator()(const api::AddressesRequest& request) const {
        NG_ASSIGN(const Record* record, find_endpoint(node, request.endpoint));
        return view_addresses(node, *record);
    }
    Result<api::NamesReply> operator()(const api::NamesRequest& request) const { return list_names(node, request.endpoint); }
    Result<api::ExplainReply> operator()(const api::ExplainRequest& request) const {
        NG_ASSIGN(const Record* record, find_endpoint(node, request.endpoint));
        NG_ASSIGN(const policy::Destination destination, policy::parse_destination(request.destination, request.tls_name));
        const auto direction = request.ingress ? policy::Direction::kIngress : policy::Direction::kEgress;
        return view_explanation(node, *record, destination, direction);
    }
    Result<api::WhyReply> operator()(const api::WhyRequest& request) const {
        NG_ASSIGN(const Record* record, find_endpoint(node, request.endpoint));
        std::optional<policy::Destination> destination;
        if (!request.destination.empty()) {
            NG_ASSIGN(destination, policy::parse_destination(request.destination));
        }
        return view_denials(node, *record, parts.events.denials().of(record->id), destination);
    }
    Result<api::StagedReply> operator()(const api::StagedRequest& request) const {
        if (request.endpoint.empty()) {
            return view_staged_changes(parts.events.staged(), std::nullopt);
        }
        NG_ASSIGN(const Record* record, find_endpoint(node, request.endpoint));
        return view_staged_changes(parts.events.staged(), record->id);
    }
    Result<Followed> operator()(const api::MonitorRequest& request) const {
        NG_ASSIGN(EventFilter filter, event_filter(node, request));
        std::vector<std::string> past =
            request.since_seconds == 0 ? std::vector<std::string>() : past_events(parts, filter, request.since_seconds);
        return Followed{{}, {std::move(filter), std::move(past)}};
    }
    Result<api::DoneReply> operator()(const api::PrepareRequest& request) const {
        return reply_of(node.prepare(request.container, request.interface));
    }
    Result<api::DoneReply> operator()(const api::ProgramRequest& request) const {
        return reply_of(node.program(request.container, request.interface, request.addresses));
    }
    Result<api::DoneReply> operator()(const api::ForgetRequest& request) const {
        if (request.endpoint) {
            node.forget(*request.endpoint);
        } else {
            node.reconcile();
        }
        return reply_of(ok());
    }
};

// Does not compile if the handler returns another type than the table of commands states.
template <typename Request, typename Reply>
Result<SocketServer::Reply> encoded(Result<Reply> reply) {
    if (!reply) {
        return reply.error();
    }
    if constexpr (std::is_same_v<Reply, Followed>) {
        static_assert(std::is_same_v<decltype(Followed::reply), typename Request::Reply>);
        return SocketServer::Reply{api::write_reply<Request>(std::move(reply->reply)), std::move(reply->stream)};
    } else {
        static_assert(std::is_same_v<Reply, typename Request::Reply>);
        return SocketServer::Reply{api::write_reply<Request>(std::move(reply).value()), std::nullopt};
    }
}

}  // namespace

Result<SocketServer::Reply> handle_call(const Parts& parts, const api::Call& call) {
    return std::visit([handler = Handler{parts}]<typename Request>(const Request& request) { return encoded<Request>(handler(request)); },
                      call);
}

Result<api::Json> program_reply(const Result<>& programmed) {
    NG_ASSIGN(const api::DoneReply reply, reply_of(programmed));
    return api::write_reply<api::ProgramRequest>(reply);
}

Result<const Record*> find_endpoint(const Node& node, const std::string& text) {
    const Record* found = nullptr;
    for (const auto& entry : node.records()) {
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
        const std::string why = why_no_endpoint(node, text);
        return Error(Code::kNotFound, why.empty() ? "there is no endpoint \"" + text + "\"; see: namegatectl endpoints" : why);
    }
    return found;
}

}  // namespace namegate::daemon

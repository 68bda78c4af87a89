// SPDX-License-Identifier: Apache-2.0
#include "daemon/socket/commands.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "daemon/listings/explain.h"
#include "daemon/listings/policy_use.h"
#include "daemon/listings/views.h"
#include "policy/compiler/destination.h"

namespace namegate::daemon {

namespace {

using api::Json;
using endpoints::Record;

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

Result<SocketServer::Filter> monitor_filter(const Node& node, const api::MonitorRequest& request) {
    std::optional<std::uint32_t> endpoint;
    if (!request.endpoint.empty()) {
        NG_ASSIGN(const Record* record, find_endpoint(node.records(), request.endpoint));
        endpoint = record->id;
    }
    return SocketServer::Filter([denied = request.denied, dns = request.dns, endpoint](const Json& event) {
        if (endpoint && event["endpointId"] != *endpoint) {
            return false;
        }
        const std::string kind = event["kind"].get<std::string>();
        if (kind == "dns") {
            return dns;
        }
        return denied ? kind == "denied" || kind == "cut" : !dns;
    });
}

Result<SocketServer::Reply> make_reply(Result<Json> result) {
    if (!result) {
        return result.error();
    }
    return SocketServer::Reply{std::move(result).value(), {}};
}

Result<SocketServer::Reply> make_reply(const Result<>& done) { return make_reply(reply_of(done)); }

// One function for each command; std::visit() does not compile if one is missing.
struct Handler {
    Node& node;
    const Learner& learner;

    using Reply = Result<SocketServer::Reply>;

    Reply operator()(const api::StatusRequest& /*request*/) const { return make_reply(view_status(node, learner)); }
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
    Reply operator()(const api::MonitorRequest& request) const {
        NG_ASSIGN(SocketServer::Filter filter, monitor_filter(node, request));
        return SocketServer::Reply{Json::object(), std::move(filter)};
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

Result<SocketServer::Reply> handle_call(Node& node, const Learner& learner, const api::Call& call) {
    return std::visit(Handler{node, learner}, call);
}

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

// SPDX-License-Identifier: Apache-2.0
#include "daemon/socket/commands.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "daemon/listings/explain.h"
#include "daemon/listings/policy_use.h"
#include "daemon/listings/views.h"

namespace namegate::daemon {

namespace {

using api::Json;
using api::Request;
using endpoints::Record;

// The `endpoint` argument; required.
Result<const Record*> endpoint_argument(Node& node, const Request& request) {
    NG_ASSIGN(const std::string text, api::text_argument(request.arguments, "endpoint"));
    if (text.empty()) {
        return Error(Code::kInvalidInput, "the command \"" + request.command + "\" needs the argument \"endpoint\"");
    }
    return find_endpoint(node.records(), text);
}

Result<Json> status(Node& node, const Learner& learner, const Request& /*request*/) { return view_status(node, learner); }

Result<Json> list_endpoints(Node& node, const Learner& /*learner*/, const Request& /*request*/) {
    Json out = Json::array();
    for (const auto& entry : node.records()) {
        NG_ASSIGN(Json one, view_endpoint(node, entry.second));
        out.push_back(std::move(one));
    }
    return out;
}

bool names_endpoint(const Request& request) { return request.arguments.is_object() && request.arguments.contains("endpoint"); }

// The rules of one endpoint, or without one every policy.
Result<Json> policies(Node& node, const Learner& /*learner*/, const Request& request) {
    if (!names_endpoint(request)) {
        return view_policies(node);
    }
    NG_ASSIGN(const Record* record, endpoint_argument(node, request));
    return view_rules(node, *record);
}

Result<Json> ips(Node& node, const Learner& /*learner*/, const Request& request) {
    NG_ASSIGN(const Record* record, endpoint_argument(node, request));
    return view_addresses(node, *record);
}

Result<Json> names(Node& node, const Learner& /*learner*/, const Request& request) {
    NG_ASSIGN(const std::string text, api::text_argument(request.arguments, "endpoint"));
    if (!text.empty()) {
        NG_ASSIGN(const Record* record, find_endpoint(node.records(), text));
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

Result<Json> explain(Node& node, const Learner& /*learner*/, const Request& request) {
    NG_ASSIGN(const Record* record, endpoint_argument(node, request));
    NG_ASSIGN(const std::string text, api::text_argument(request.arguments, "destination"));
    NG_ASSIGN(const policy::Destination destination, policy::parse_destination(text));
    NG_ASSIGN(const std::string direction, api::text_argument(request.arguments, "direction", "egress"));
    if (direction != "egress" && direction != "ingress") {
        return Error(Code::kInvalidInput, "a direction is egress or ingress");
    }
    return view_explanation(node, *record, destination, direction == "egress" ? policy::Direction::kEgress : policy::Direction::kIngress);
}

Result<Json> program(Node& node, const Learner& /*learner*/, const Request& request) {
    NG_ASSIGN(const ProgramArguments wanted, program_arguments(request));
    return program_reply(node.program(wanted.container, wanted.interface, wanted.addresses));
}

Result<Json> prepare(Node& node, const Learner& /*learner*/, const Request& request) {
    NG_ASSIGN(const ProgramArguments wanted, program_arguments(request));
    return program_reply(node.prepare(wanted.container, wanted.interface));
}

Result<std::vector<IpAddress>> address_arguments(const Request& request) {
    std::vector<IpAddress> out;
    const auto found = request.arguments.find("addresses");
    if (found == request.arguments.end()) {
        return out;
    }
    if (!found->is_array() || found->size() > endpoints::kMaxRecordAddresses) {
        return Error(Code::kInvalidInput,
                     "the argument \"addresses\" is no list of at most " + std::to_string(endpoints::kMaxRecordAddresses) + " addresses");
    }
    for (const Json& one : *found) {
        const auto address = IpAddress::parse(one.is_string() ? one.get<std::string>() : std::string());
        if (!address) {
            return Error(Code::kInvalidInput, "the argument \"addresses\" has an entry that is no IP address");
        }
        out.push_back(*address);
    }
    return out;
}

Result<Json> forget(Node& node, const Learner& /*learner*/, const Request& request) {
    const auto found = request.arguments.find("endpoint");
    if (found == request.arguments.end()) {
        // The plugin could not read whose record it removed.
        node.reconcile();
        return Json::object();
    }
    if (!found->is_number_unsigned() || found->get<std::uint64_t>() > UINT32_MAX) {
        return Error(Code::kInvalidInput, "the argument \"endpoint\" is no endpoint id");
    }
    node.forget(found->get<std::uint32_t>());
    return Json::object();
}

Result<bool> flag_argument(const Request& request, const char* name) {
    const auto found = request.arguments.find(name);
    if (found == request.arguments.end()) {
        return false;
    }
    if (!found->is_boolean()) {
        return Error(Code::kInvalidInput, std::string("the argument \"") + name + "\" is true or false");
    }
    return found->get<bool>();
}

// Packets unless only answers are asked for, answers when they are asked for.
Result<SocketServer::Filter> monitor(Node& node, const Request& request) {
    NG_ASSIGN(const bool denied, flag_argument(request, "denied"));
    NG_ASSIGN(const bool dns, flag_argument(request, "dns"));
    NG_ASSIGN(const std::string text, api::text_argument(request.arguments, "endpoint"));
    std::optional<std::uint32_t> endpoint;
    if (!text.empty()) {
        NG_ASSIGN(const Record* record, find_endpoint(node.records(), text));
        endpoint = record->id;
    }
    return SocketServer::Filter([denied, dns, endpoint](const Json& event) {
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

struct Command {
    const char* name;
    Result<Json> (*handle)(Node&, const Learner&, const Request&);
};
constexpr std::array<Command, 9> kCommands = {{
    {"status", status},
    {"endpoints", list_endpoints},
    {"policies", policies},
    {"ips", ips},
    {"dns", names},
    {"explain", explain},
    {"prepare", prepare},
    {kProgramCommand, program},
    {"forget", forget},
}};

}  // namespace

Result<ProgramArguments> program_arguments(const Request& request) {
    ProgramArguments out;
    NG_ASSIGN(out.container, api::text_argument(request.arguments, "container"));
    NG_ASSIGN(out.interface, api::text_argument(request.arguments, "interface"));
    NG_ASSIGN(out.addresses, address_arguments(request));
    return out;
}

Result<Json> program_reply(const Result<>& programmed) { return programmed ? Result<Json>(Json::object()) : programmed.error(); }

Result<SocketServer::Answer> handle_command(Node& node, const Learner& learner, const Request& request) {
    if (request.command == "monitor") {
        NG_ASSIGN(SocketServer::Filter filter, monitor(node, request));
        return SocketServer::Answer{Json::object(), std::move(filter)};
    }
    for (const Command& command : kCommands) {
        if (request.command == command.name) {
            NG_ASSIGN(Json result, command.handle(node, learner, request));
            return SocketServer::Answer{std::move(result), {}};
        }
    }
    return Error(Code::kUnsupported, "there is no command \"" + request.command.substr(0, 64) + "\"");
}

bool is_listing(const Request& request) {
    return request.command == "endpoints" || request.command == "ips" || request.command == "dns" ||
           (request.command == "policies" && !names_endpoint(request));
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
        return Error(Code::kNotFound, "no endpoint is \"" + text + "\"; see: namegatectl endpoints");
    }
    return found;
}

}  // namespace namegate::daemon

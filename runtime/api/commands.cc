// SPDX-License-Identifier: Apache-2.0
#include "api/commands.h"

#include <utility>

namespace namegate::api {

namespace {

Result<bool> flag(const Json& arguments, const char* name) {
    const auto found = arguments.find(name);
    if (found == arguments.end()) {
        return false;
    }
    if (!found->is_boolean()) {
        return Error(Code::kInvalidInput, std::string("the argument \"") + name + "\" must be true or false");
    }
    return found->get<bool>();
}

Result<std::string> required_text(const Json& arguments, const char* name) {
    NG_ASSIGN(std::string text, text_argument(arguments, name));
    if (text.empty()) {
        return Error(Code::kInvalidInput, std::string("the command needs the argument \"") + name + "\"");
    }
    return text;
}

Json with_text(const char* name, const std::string& text) { return text.empty() ? Json::object() : Json{{name, text}}; }

template <typename T>
Result<Call> decode_empty(const Json& /*arguments*/) {
    return Call(T{});
}
Json encode_empty(const Call& /*call*/) { return Json::object(); }

template <typename T>
Result<Call> decode_optional_endpoint(const Json& arguments) {
    NG_ASSIGN(std::string endpoint, text_argument(arguments, "endpoint"));
    return Call(T{std::move(endpoint)});
}
template <typename T>
Json encode_endpoint(const Call& call) {
    return with_text("endpoint", std::get<T>(call).endpoint);
}

Result<Call> decode_addresses(const Json& arguments) {
    NG_ASSIGN(std::string endpoint, required_text(arguments, "endpoint"));
    return Call(AddressesRequest{std::move(endpoint)});
}

Result<Call> decode_explain(const Json& arguments) {
    ExplainRequest out;
    NG_ASSIGN(out.endpoint, required_text(arguments, "endpoint"));
    NG_ASSIGN(out.destination, text_argument(arguments, "destination"));
    NG_ASSIGN(const std::string direction, text_argument(arguments, "direction", "egress"));
    if (direction != "egress" && direction != "ingress") {
        return Error(Code::kInvalidInput, "the direction must be egress or ingress");
    }
    out.ingress = direction == "ingress";
    NG_ASSIGN(out.tls_name, text_argument(arguments, "tlsName"));
    return Call(std::move(out));
}
Json encode_explain(const Call& call) {
    const auto& own = std::get<ExplainRequest>(call);
    Json out = {{"endpoint", own.endpoint}, {"destination", own.destination}, {"direction", own.ingress ? "ingress" : "egress"}};
    out.update(with_text("tlsName", own.tls_name));
    return out;
}

Result<Call> decode_why(const Json& arguments) {
    WhyRequest out;
    NG_ASSIGN(out.endpoint, required_text(arguments, "endpoint"));
    NG_ASSIGN(out.destination, text_argument(arguments, "destination"));
    return Call(std::move(out));
}
Json encode_why(const Call& call) {
    const auto& own = std::get<WhyRequest>(call);
    Json out = {{"endpoint", own.endpoint}};
    out.update(with_text("destination", own.destination));
    return out;
}

bool is_number32(const Json& value) { return value.is_number_unsigned() && value.get<std::uint64_t>() <= UINT32_MAX; }

Result<std::uint32_t> number(const Json& arguments, const char* name) {
    const auto found = arguments.find(name);
    if (found == arguments.end()) {
        return std::uint32_t{0};
    }
    if (!is_number32(*found)) {
        return Error(Code::kInvalidInput, std::string("the argument \"") + name + "\" must be a number of 32 bits");
    }
    return found->get<std::uint32_t>();
}

Result<Call> decode_monitor(const Json& arguments) {
    MonitorRequest out;
    NG_ASSIGN(out.denied, flag(arguments, "denied"));
    NG_ASSIGN(out.dns, flag(arguments, "dns"));
    NG_ASSIGN(out.flows, flag(arguments, "flows"));
    NG_ASSIGN(out.addresses, flag(arguments, "addresses"));
    NG_ASSIGN(out.endpoint, text_argument(arguments, "endpoint"));
    NG_ASSIGN(out.name_space, text_argument(arguments, "namespace"));
    NG_ASSIGN(out.pod, text_argument(arguments, "pod"));
    NG_ASSIGN(out.name, text_argument(arguments, "name"));
    NG_ASSIGN(out.rule, text_argument(arguments, "rule"));
    NG_ASSIGN(out.since_seconds, number(arguments, "sinceSeconds"));
    return Call(std::move(out));
}
Json encode_monitor(const Call& call) {
    const auto& own = std::get<MonitorRequest>(call);
    Json out = {{"denied", own.denied}, {"dns", own.dns}};
    if (own.flows) {
        out["flows"] = true;
    }
    if (own.addresses) {
        out["addresses"] = true;
    }
    out.update(with_text("endpoint", own.endpoint));
    out.update(with_text("namespace", own.name_space));
    out.update(with_text("pod", own.pod));
    out.update(with_text("name", own.name));
    out.update(with_text("rule", own.rule));
    if (own.since_seconds > 0) {
        out["sinceSeconds"] = own.since_seconds;
    }
    return out;
}

Result<Call> decode_prepare(const Json& arguments) {
    PrepareRequest out;
    NG_ASSIGN(out.container, text_argument(arguments, "container"));
    NG_ASSIGN(out.interface, text_argument(arguments, "interface"));
    return Call(std::move(out));
}
Json encode_prepare(const Call& call) {
    const auto& own = std::get<PrepareRequest>(call);
    return {{"container", own.container}, {"interface", own.interface}};
}

Result<std::vector<IpAddress>> decode_address_list(const Json& arguments) {
    std::vector<IpAddress> out;
    const auto found = arguments.find("addresses");
    if (found == arguments.end()) {
        return out;
    }
    if (!found->is_array() || found->size() > kMaxProgramAddresses) {
        return Error(Code::kInvalidInput,
                     "the argument \"addresses\" is not a list of at most " + std::to_string(kMaxProgramAddresses) + " addresses");
    }
    for (const Json& one : *found) {
        const auto address = IpAddress::parse(one.is_string() ? one.get<std::string>() : std::string());
        if (!address) {
            return Error(Code::kInvalidInput, "the argument \"addresses\" has an entry that is not an IP address");
        }
        out.push_back(*address);
    }
    return out;
}

Result<Call> decode_program(const Json& arguments) {
    ProgramRequest out;
    NG_ASSIGN(out.container, text_argument(arguments, "container"));
    NG_ASSIGN(out.interface, text_argument(arguments, "interface"));
    NG_ASSIGN(out.addresses, decode_address_list(arguments));
    return Call(std::move(out));
}
Json encode_program(const Call& call) {
    const auto& own = std::get<ProgramRequest>(call);
    Json out = {{"container", own.container}, {"interface", own.interface}};
    for (const IpAddress& address : own.addresses) {
        out["addresses"].push_back(address.to_string());
    }
    return out;
}

Result<Call> decode_forget(const Json& arguments) {
    const auto found = arguments.find("endpoint");
    if (found == arguments.end()) {
        return Call(ForgetRequest{});
    }
    if (!is_number32(*found)) {
        return Error(Code::kInvalidInput, "the argument \"endpoint\" is not an endpoint id");
    }
    return Call(ForgetRequest{found->get<std::uint32_t>()});
}
Json encode_forget(const Call& call) {
    const auto& own = std::get<ForgetRequest>(call);
    return own.endpoint ? Json{{"endpoint", *own.endpoint}} : Json::object();
}

constexpr std::array<Command, std::variant_size_v<Call>> kCommands = {{
    {"status", AnswerBy::kLoop, decode_empty<StatusRequest>, encode_empty},
    {"endpoints", AnswerBy::kChild, decode_empty<EndpointsRequest>, encode_empty},
    {"policies", AnswerBy::kChild, decode_optional_endpoint<PoliciesRequest>, encode_endpoint<PoliciesRequest>},
    {"ips", AnswerBy::kChild, decode_addresses, encode_endpoint<AddressesRequest>},
    {"dns", AnswerBy::kChild, decode_optional_endpoint<NamesRequest>, encode_endpoint<NamesRequest>},
    {"explain", AnswerBy::kLoop, decode_explain, encode_explain},
    {"why", AnswerBy::kChild, decode_why, encode_why},
    {"staged", AnswerBy::kChild, decode_optional_endpoint<StagedRequest>, encode_endpoint<StagedRequest>},
    {"monitor", AnswerBy::kStream, decode_monitor, encode_monitor},
    {"prepare", AnswerBy::kLoop, decode_prepare, encode_prepare},
    {"program", AnswerBy::kLater, decode_program, encode_program},
    {"forget", AnswerBy::kLoop, decode_forget, encode_forget},
}};

}  // namespace

const std::array<Command, std::variant_size_v<Call>>& commands() { return kCommands; }

Result<Call> decode_call(const Request& request) {
    for (const Command& command : kCommands) {
        if (command.name == request.command) {
            return command.decode(request.arguments).with_context("the command \"" + request.command + "\"");
        }
    }
    return Error(Code::kUnsupported, "there is no command \"" + request.command.substr(0, 64) + "\"");
}

const Command& command_of(const Call& call) { return kCommands[call.index()]; }

Request encode_call(const Call& call) {
    const Command& command = command_of(call);
    return {std::string(command.name), command.encode(call)};
}

AnswerBy answer_by(const Call& call) {
    const auto* policies = std::get_if<PoliciesRequest>(&call);
    return policies != nullptr && !policies->endpoint.empty() ? AnswerBy::kLoop : command_of(call).answer;
}

}  // namespace namegate::api

// SPDX-License-Identifier: Apache-2.0
//
// The commands of the daemon's socket, in one table: each request as a value with its JSON form, the type of its reply, and what
// answers it. To add a command, change only this table; the compiler checks the daemon's handlers and the readers of replies
// against it (std::visit over Call, Request::Reply). The replies are in the folder replies. Pure; safe from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/protocol.h"
#include "api/replies/addresses.h"
#include "api/replies/done.h"
#include "api/replies/endpoints.h"
#include "api/replies/explain.h"
#include "api/replies/names.h"
#include "api/replies/policies.h"
#include "api/replies/staged.h"
#include "api/replies/status.h"
#include "api/replies/why.h"
#include "base/ip.h"
#include "base/result.h"
#include "datapath/bpf/abi_limits.h"

namespace namegate::api {

inline constexpr std::size_t kMaxProgramAddresses = NG_MAX_ENDPOINT_ADDRS;

// The state of the daemon, the endpoints and the policy files.
struct StatusRequest {
    using Reply = StatusReply;
};
struct EndpointsRequest {
    using Reply = EndpointsReply;
};
// The rules in force for one endpoint; without one, every policy of the node.
struct PoliciesRequest {
    using Reply = PoliciesReply;
    std::string endpoint;
};
// "ips": the addresses that names opened for an endpoint.
struct AddressesRequest {
    using Reply = AddressesReply;
    std::string endpoint;
};
// "dns": the names that an endpoint looked up; without one, those of all.
struct NamesRequest {
    using Reply = NamesReply;
    std::string endpoint;
};
struct ExplainRequest {
    using Reply = ExplainReply;
    std::string endpoint;
    std::string destination;
    bool ingress = false;
    std::string tls_name = {};  // that a connection would show; empty: not given
};
// What was denied to an endpoint lately. A destination limits it to one address or name.
struct WhyRequest {
    using Reply = WhyReply;
    std::string endpoint;
    std::string destination;
};
// What the staged policies would have decided otherwise; without an endpoint, for all.
struct StagedRequest {
    using Reply = StagedReply;
    std::string endpoint;
};
// Answered with a stream of events until the client closes the connection. Without `denied`, `dns` and `flows`, all events but
// DNS responses and flows. An empty text matches every event.
struct MonitorRequest {
    using Reply = DoneReply;
    std::string endpoint;
    bool denied = false;
    bool dns = false;
    bool flows = false;
    bool addresses = false;
    std::string name_space = {};
    std::string pod = {};
    std::string name = {};            // a domain pattern
    std::string rule = {};            // the beginning of a rule's name
    std::uint32_t since_seconds = 0;  // begin with the events of so many seconds ago
};
// The plugin sends the next three. The endpoint was admitted and has no addresses yet.
struct PrepareRequest {
    using Reply = DoneReply;
    std::string container;
    std::string interface;
};
// The endpoint has these addresses; none: those in its record.
struct ProgramRequest {
    using Reply = DoneReply;
    std::string container;
    std::string interface;
    std::vector<IpAddress> addresses;
};
// The endpoint was deleted; without an id, the plugin could not read its record.
struct ForgetRequest {
    using Reply = DoneReply;
    std::optional<std::uint32_t> endpoint;
};

using Call = std::variant<StatusRequest, EndpointsRequest, PoliciesRequest, AddressesRequest, NamesRequest, ExplainRequest, WhyRequest,
                          StagedRequest, MonitorRequest, PrepareRequest, ProgramRequest, ForgetRequest>;

enum class AnswerBy {
    kLoop,    // the event loop, at once
    kChild,   // a child process: the reply may be so long that the event loop must not make it
    kStream,  // a reply, and then events
    kLater,   // possibly after a label source answered
};

struct Command {
    std::string_view name;
    AnswerBy answer;
    Result<Call> (*decode)(const Json& arguments);
    Json (*encode)(const Call& call);
};
// In the order of Call.
const std::array<Command, std::variant_size_v<Call>>& commands();
template <typename Request>
std::string_view command_name() {
    return commands()[Call(Request{}).index()].name;
}

// kUnsupported: there is no such command; kInvalidInput names the argument.
Result<Call> decode_call(const Request& request);
Request encode_call(const Call& call);
const Command& command_of(const Call& call);
// What answers this call: AnswerBy of its command, except that the loop itself lists the policies of one endpoint, which is short.
AnswerBy answer_by(const Call& call);

}  // namespace namegate::api

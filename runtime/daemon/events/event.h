// SPDX-License-Identifier: Apache-2.0
//
// An event: one thing that happened on the node, with all that is known about it. Every sink (monitor, recent denials, history)
// gets the same value, so an event is enriched once. Values; safe to copy, for one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ip.h"

namespace namegate::daemon {

enum class EventKind : std::uint8_t {
    kDenied,           // a packet that began a flow was denied
    kCut,              // a packet of a flow that a changed policy cut
    kDropped,          // a packet that no policy decides was dropped; `reason` says why
    kLogged,           // a packet matched a Log rule
    kLimit,            // a limit was reached; `reason` names it
    kDnsRefused,       // a DNS query did not reach the network, or would not with dnsQueries: Allowed; `reason` says why
    kFlow,             // a new flow was allowed
    kFlowEnded,        // an allowed flow is over
    kFlowNamed,        // a flow showed a TLS name that its rule allows
    kDns,              // a DNS response of a trusted server
    kAddressOpened,    // a name opened an address for an endpoint
    kAddressExpired,   // such an address is no longer open
    kPolicies,         // other policies came in force
    kPolicyRefused,    // a policy file has errors
    kEndpointAdded,    // an endpoint got its policy for the first time
    kEndpointRemoved,  // an endpoint is gone
    kDaemonStarted,
    kDaemonStopping,
};
inline constexpr std::size_t kEventKinds = static_cast<std::size_t>(EventKind::kDaemonStopping) + 1;

// "denied", "policy-refused"
std::string_view name_of(EventKind kind);
// A policy denied a packet.
inline bool is_denial(EventKind kind) { return kind == EventKind::kDenied || kind == EventKind::kCut; }
// A packet did not pass.
inline bool is_refusal(EventKind kind) { return is_denial(kind) || kind == EventKind::kDropped; }
inline bool is_flow(EventKind kind) { return kind == EventKind::kFlow || kind == EventKind::kFlowEnded || kind == EventKind::kFlowNamed; }
inline bool is_of_address(EventKind kind) { return kind == EventKind::kAddressOpened || kind == EventKind::kAddressExpired; }
// Whether streams and sinks get events of this kind only if they ask for it.
inline bool is_on_request(EventKind kind) { return kind == EventKind::kDns || is_flow(kind) || is_of_address(kind); }

struct EventEndpoint {
    std::uint32_t id = 0;
    // Empty if the endpoint is no longer known.
    std::string name;  // for people: "namespace/pod", or the container id
    std::string name_space;
    std::string pod;
    std::string interface;
};

struct EventPacket {
    bool ingress = false;
    std::uint8_t protocol = 0;  // IP protocol number
    IpAddress remote;
    std::uint16_t remote_port = 0;  // host byte order, as all ports here
    std::uint16_t local_port = 0;
    std::string tier;                // of the rule; both are empty if the policy is no longer known
    std::string rule;                // "default.allow-x[1]" or "end of tier default: Deny"
    std::vector<std::string> names;  // that led the endpoint to the address, the one that it looked up last; egress only
    std::optional<std::uint32_t> rule_number = std::nullopt;  // in the policy of its direction, when the event was made
    std::string tls_name = {};                                // the server name that its connection showed; empty: none, or not known

    // The port that the packet is for.
    std::uint16_t destination_port() const { return ingress ? local_port : remote_port; }
};

// How a flow ended.
enum class FlowEnding : std::uint8_t {
    kUnknown,
    kClosed,    // FIN of both sides
    kReset,     // RST
    kIdle,      // no packet for the idle time
    kCut,       // a changed policy cut it
    kReplaced,  // its entry in the flow table was used for another flow
};
// "closed"; empty: unknown
std::string_view name_of(FlowEnding ending);

// A flow that is over.
struct EventFlow {
    EventPacket packet;   // the first one
    std::string started;  // UTC, RFC 3339
    std::uint64_t duration_ns = 0;
    // As the endpoint sees it.
    std::uint64_t packets_sent = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t packets_received = 0;
    std::uint64_t bytes_received = 0;
    FlowEnding ending = FlowEnding::kUnknown;
};

// How a DNS response reached the pod.
enum class ResponsePath : std::uint8_t {
    kKernel,     // the programs decided it
    kHeld,       // it was held until the daemon had learned from it
    kUnlearned,  // neither: it had opened nothing when the pod got it
};
std::string_view name_of(ResponsePath path);

struct EventResponse {
    IpAddress server;
    bool by_kernel = false;    // the programs decided it; otherwise the daemon did
    std::size_t opened = 0;    // new addresses that it opened
    std::optional<int> rcode;  // none: the message does not parse, and the rest is empty
    std::string name;          // of the question
    std::uint16_t type = 0;    // of the question
    std::vector<IpAddress> addresses;
    std::optional<std::uint64_t> latency_ns = std::nullopt;  // from the query to the response
    std::optional<ResponsePath> path = std::nullopt;
};

// A DNS query of the endpoint.
struct EventQuery {
    IpAddress server;
    std::string name;  // empty: the query does not parse
    std::uint16_t type = 0;
};

// An address that names opened.
struct EventAddress {
    IpAddress address;
    std::vector<std::string> names;  // as in EventPacket
    std::string expires;             // when it expires, or did: UTC, RFC 3339
};

// For events of the node: what happened, in words.
struct EventText {
    std::string text;
    std::string file;  // kPolicyRefused
};

struct Event {
    EventKind kind = EventKind::kDenied;
    std::uint64_t boot_ns = 0;
    std::string time;  // UTC, RFC 3339
    std::optional<EventEndpoint> endpoint;
    std::string reason;  // of the programs' counters: "denied", "closed"; empty: none
    std::variant<std::monostate, EventPacket, EventFlow, EventResponse, EventQuery, EventAddress, EventText> detail;

    // Also of a flow that ended.
    const EventPacket* packet() const {
        const EventFlow* ended = flow();
        return ended == nullptr ? std::get_if<EventPacket>(&detail) : &ended->packet;
    }
    const EventFlow* flow() const { return std::get_if<EventFlow>(&detail); }
    const EventResponse* response() const { return std::get_if<EventResponse>(&detail); }
    const EventQuery* query() const { return std::get_if<EventQuery>(&detail); }
    const EventAddress* address() const { return std::get_if<EventAddress>(&detail); }
    const EventText* text() const { return std::get_if<EventText>(&detail); }
};

// An event of the daemon itself, without the time.
struct NodeEvent {
    EventKind kind = EventKind::kPolicies;
    std::optional<EventEndpoint> endpoint;
    EventText text;
};

// Takes the events of the kinds that it wants. May be called at any moment of the loop; must not block.
class EventSink {
  public:
    EventSink() = default;
    virtual ~EventSink() = default;
    EventSink(const EventSink&) = delete;
    EventSink& operator=(const EventSink&) = delete;
    EventSink(EventSink&&) = delete;
    EventSink& operator=(EventSink&&) = delete;

    virtual bool wants(EventKind kind) const = 0;
    virtual void take(const Event& event) = 0;
};

}  // namespace namegate::daemon

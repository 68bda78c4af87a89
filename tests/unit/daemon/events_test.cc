// SPDX-License-Identifier: Apache-2.0
//
// What happens to events after they are enriched: folding into recent denials, history, filters, and their JSON form; and the names
// that are kept for them.
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/events/event_filter.h"
#include "daemon/events/event_history.h"
#include "daemon/events/event_json.h"
#include "daemon/events/name_history.h"
#include "daemon/events/recent_denials.h"
#include "daemon/events/staged_report.h"

using namespace namegate;
using namespace namegate::daemon;

namespace {

Event denied(std::uint32_t endpoint, const std::string& remote, std::uint16_t port, std::uint64_t boot_ns,
             std::vector<std::string> names = {}) {
    Event event;
    event.boot_ns = boot_ns;
    event.time = "t" + std::to_string(boot_ns);
    event.endpoint = EventEndpoint{endpoint, "default/weather", "default", "weather", "ng0"};
    event.reason = "denied";
    event.detail = EventPacket{false, 6, *IpAddress::parse(remote), port, 50000, "default", "default.allow[1]", std::move(names)};
    return event;
}

Event ended() {
    Event event = denied(7, "192.0.2.1", 443, 1, {"a.example.com"});
    event.kind = EventKind::kFlowEnded;
    event.reason = "";
    event.detail = EventFlow{*event.packet(), "t0", 1'500'000'000, 10, 1000, 20, 2000, FlowEnding::kIdle};
    return event;
}

Event response(const std::string& name) {
    Event event;
    event.kind = EventKind::kDns;
    event.endpoint = EventEndpoint{7, "default/weather", "default", "weather", "ng0"};
    event.detail = EventResponse{*IpAddress::parse("192.0.2.53"), true, 1, 0, name, 1, {*IpAddress::parse("192.0.2.1")}};
    return event;
}

Event opened(const std::string& address, std::vector<std::string> names) {
    Event event;
    event.kind = EventKind::kAddressOpened;
    event.endpoint = EventEndpoint{7, "default/weather", "default", "weather", "ng0"};
    event.detail = EventAddress{*IpAddress::parse(address), std::move(names), "t9"};
    return event;
}

Event of_node(EventKind kind) {
    Event event;
    event.kind = kind;
    event.detail = EventText{"2 policies of 1 files are in force", ""};
    return event;
}

dns::Learning learning(const std::string& name, const std::vector<std::string>& addresses) {
    dns::Learning out;
    out.chain_names = {name, "edge." + name};
    for (const std::string& address : addresses) {
        out.addresses.push_back({*IpAddress::parse(address), 60, 1, 3, false});
    }
    return out;
}

policy::DomainPattern pattern(const std::string& text) { return policy::DomainPattern::parse(text).value(); }

}  // namespace

TEST_CASE("the report of staged policies has what they would decide otherwise, by endpoint and name") {
    StagedReport report;
    report.restart("t5");
    const StagedVerdict deny{false, {}, ""};
    const StagedVerdict allow{true, {}, ""};
    const auto flow = [](Event event) {
        event.kind = EventKind::kFlow;
        return event;
    };
    report.note(flow(denied(7, "192.0.2.1", 443, 10, {"api.example.com"})), deny);
    report.note(flow(denied(7, "192.0.2.2", 443, 20, {"api.example.com"})), deny);
    report.note(flow(denied(7, "192.0.2.1", 443, 30)), deny);
    report.note(flow(denied(7, "192.0.2.1", 443, 30)), allow);  // as in force
    report.note(denied(8, "192.0.2.1", 443, 40), allow);
    report.note(denied(8, "192.0.2.1", 443, 40), deny);  // as in force
    report.note(denied(8, "192.0.2.1", 443, 40), {false, {}, "too many events"});
    CHECK(report.since() == "t5");
    CHECK(report.judged() == 6);
    CHECK(report.unjudged() == 1);
    const std::vector<StagedEntry> all = report.entries();
    REQUIRE(all.size() == 3);
    CHECK(all[0].count == 2);
    CHECK_FALSE(all[0].would_allow);
    CHECK(all[0].first_time == "t10");
    CHECK(all[0].last_time == "t20");
    CHECK(all[0].packet.remote.to_string() == "192.0.2.2");
    CHECK(all[1].count == 1);
    CHECK(all[2].would_allow);
    CHECK(all[2].endpoint.id == 8);
    report.forget(7);
    CHECK(report.entries().size() == 1);
    report.restart("t6");
    CHECK(report.entries().empty());
    CHECK(report.judged() == 0);
}

TEST_CASE("the entries of the report of staged policies are limited for each endpoint and in all") {
    StagedReport report;
    const StagedVerdict allow{true, {}, ""};
    for (std::uint16_t port = 1; port <= kStagedEntriesPerEndpoint + 3; ++port) {
        report.note(denied(7, "192.0.2.1", port, 10), allow);
    }
    CHECK(report.entries().size() == kStagedEntriesPerEndpoint);
    CHECK(report.unlisted() == 3);
    report.note(denied(7, "192.0.2.1", 1, 20), allow);
    CHECK(report.unlisted() == 3);
    for (std::uint32_t endpoint = 100; endpoint < 100 + kStagedEntries; ++endpoint) {
        report.note(denied(endpoint, "192.0.2.1", 1, 10), allow);
    }
    CHECK(report.entries().size() == kStagedEntries);
    report.forget(7);
    report.note(denied(7, "192.0.2.1", 1, 20), allow);
    CHECK(report.entries().size() == kStagedEntries - kStagedEntriesPerEndpoint + 1);
}

TEST_CASE("denials of the same flow by the same rule are one entry with a count") {
    RecentDenials denials;
    denials.take(denied(7, "192.0.2.1", 443, 10));
    denials.take(denied(7, "192.0.2.1", 443, 20, {"api.example.com"}));
    denials.take(denied(7, "192.0.2.1", 80, 15));
    denials.take(denied(8, "192.0.2.1", 443, 30));
    const std::vector<Denial> own = denials.of(7);
    REQUIRE(own.size() == 2);
    CHECK(own[0].count == 2);
    CHECK(own[0].first_time == "t10");
    CHECK(own[0].last_time == "t20");
    CHECK(own[0].packet.names == std::vector<std::string>{"api.example.com"});
    CHECK(own[1].packet.remote_port == 80);
    CHECK(denials.of(9).empty());
    Event gone = of_node(EventKind::kEndpointRemoved);
    gone.endpoint = EventEndpoint{7, "", "", "", ""};
    denials.take(gone);
    CHECK(denials.of(7).empty());
    CHECK(denials.of(8).size() == 1);
}

TEST_CASE("an endpoint keeps its latest denials, whatever another one does") {
    RecentDenials denials(3);
    denials.take(denied(8, "192.0.2.200", 1, 1));
    for (std::uint16_t port = 1; port <= 5; ++port) {
        denials.take(denied(7, "192.0.2.1", port, port));
    }
    std::vector<std::uint16_t> ports;
    for (const Denial& denial : denials.of(7)) {
        ports.push_back(denial.packet.remote_port);
    }
    CHECK(ports == std::vector<std::uint16_t>{5, 4, 3});
    CHECK(denials.of(8).size() == 1);
}

TEST_CASE("refused DNS queries are denials with name and type, and take no space from packets") {
    const auto refused = [](const std::string& name, std::uint16_t type, std::uint64_t boot_ns, const char* reason = "dns_name_refused") {
        Event event = denied(7, "192.0.2.53", 53, boot_ns);
        event.kind = EventKind::kDnsRefused;
        event.reason = reason;
        event.detail = EventQuery{*IpAddress::parse("192.0.2.53"), name, type};
        return event;
    };
    RecentDenials denials(3);
    REQUIRE(denials.wants(EventKind::kDnsRefused));
    denials.take(denied(7, "192.0.2.1", 443, 1));
    denials.take(refused("evil.test", 1, 2));
    denials.take(refused("evil.test", 1, 3));
    denials.take(refused("evil.test", 16, 4));
    denials.take(refused("", 0, 5, "dns_query_unjudged"));
    // That one reached the network.
    denials.take(refused("logged.test", 1, 6, "dns_query_logged"));
    const std::vector<Denial> own = denials.of(7);
    REQUIRE(own.size() == 4);
    CHECK(own[0].packet.names.empty());
    CHECK_FALSE(own[0].query_type);
    CHECK(own[1].query_type == 16);
    CHECK(own[2].query_type == 1);
    CHECK(own[2].count == 2);
    CHECK(own[2].packet.names == std::vector<std::string>{"evil.test"});
    CHECK(own[2].packet.remote.to_string() == "192.0.2.53");
    for (std::uint16_t i = 0; i < 9; ++i) {
        denials.take(refused(std::to_string(i) + ".test", 1, 10 + i));
    }
    CHECK(denials.of(7).size() == 4);
    CHECK(denials.of(7).back().packet.remote_port == 443);
}

TEST_CASE("the history has the last events, but no DNS responses") {
    EventHistory history(2);
    CHECK_FALSE(history.wants(EventKind::kDns));
    CHECK(history.wants(EventKind::kPolicies));
    for (std::uint64_t i = 1; i <= 3; ++i) {
        history.take(denied(7, "192.0.2.1", 443, i));
    }
    REQUIRE(history.events().size() == 2);
    CHECK(history.events().front().boot_ns == 2);
    CHECK(history.forgotten() == 1);
}

TEST_CASE("flows are no part of the history and of streams that do not ask for them") {
    for (const EventKind kind : {EventKind::kFlow, EventKind::kFlowEnded, EventKind::kFlowNamed}) {
        CHECK_FALSE(EventHistory().wants(kind));
        CHECK_FALSE(RecentDenials().wants(kind));
    }
    EventFilter filter;
    CHECK_FALSE(filter.matches(ended()));
    filter.flows = true;
    CHECK(filter.matches(ended()));
    CHECK(filter.matches_kind(EventKind::kFlow));
    CHECK_FALSE(filter.matches(response("a.example.com")));
    CHECK_FALSE(filter.matches(denied(7, "192.0.2.1", 443, 1)));
    CHECK_FALSE(filter.matches(of_node(EventKind::kPolicies)));
    filter.denied = true;
    CHECK(filter.matches(denied(7, "192.0.2.1", 443, 1)));
    filter.rule = "default.allow";
    filter.name = pattern("*.example.com");
    CHECK(filter.matches(ended()));
    filter.name = pattern("other.example");
    CHECK_FALSE(filter.matches(ended()));
}

TEST_CASE("packets are told apart by the TLS name that their connection showed") {
    Event one = denied(7, "192.0.2.1", 443, 1, {"a.example.com"});
    CHECK_FALSE(event_json(one).contains("tlsName"));
    one.reason = "tls_name_denied";
    std::get<EventPacket>(one.detail).tls_name = "b.example.com";
    CHECK(event_json(one)["tlsName"] == "b.example.com");
    Event other = one;
    std::get<EventPacket>(other.detail).tls_name = "c.example.com";
    RecentDenials denials;
    for (const Event& event : {one, other, one}) {
        denials.take(event);
    }
    REQUIRE(denials.of(7).size() == 2);
    CHECK(denials.of(7)[0].count + denials.of(7)[1].count == 3);
}

TEST_CASE("a flow that ended is a packet with what became of it") {
    const api::Json json = event_json(ended());
    CHECK(json["kind"] == "flow-ended");
    CHECK(json["remote"] == "192.0.2.1");
    CHECK(json["started"] == "t0");
    CHECK(json["durationMs"] == 1500);
    CHECK(json["packetsSent"] == 10);
    CHECK(json["bytesSent"] == 1000);
    CHECK(json["packetsReceived"] == 20);
    CHECK(json["bytesReceived"] == 2000);
    CHECK(json["end"] == "idle");
    Event unknown = ended();
    std::get<EventFlow>(unknown.detail).ending = FlowEnding::kUnknown;
    CHECK_FALSE(event_json(unknown).contains("end"));
}

TEST_CASE("latency and path of a response are absent until they are known") {
    Event event = response("a.example.com");
    CHECK_FALSE(event_json(event).contains("latencyMs"));
    CHECK_FALSE(event_json(event).contains("path"));
    auto& detail = std::get<EventResponse>(event.detail);
    detail.latency_ns = 1'250'000;
    detail.path = ResponsePath::kHeld;
    CHECK(event_json(event)["latencyMs"] == 1.25);
    CHECK(event_json(event)["path"] == "held");
}

TEST_CASE("a refused DNS query is an event that everybody gets, with what was asked, found by its name") {
    Event event = response("x");
    event.kind = EventKind::kDnsRefused;
    event.reason = "dns_name_refused";
    event.detail = EventQuery{*IpAddress::parse("192.0.2.53"), "evil.test", 16};
    const api::Json json = event_json(event);
    CHECK(json["kind"] == "dns-refused");
    CHECK(json["server"] == "192.0.2.53");
    CHECK(json["name"] == "evil.test");
    CHECK(json["type"] == 16);
    CHECK(json["reason"] == "dns_name_refused");
    CHECK_FALSE(json.contains("opened"));
    EventFilter filter;
    CHECK(filter.matches(event));
    CHECK(EventHistory().wants(EventKind::kDnsRefused));
    filter.name = pattern("evil.*.test");
    CHECK_FALSE(filter.matches(event));
    filter.name = pattern("*.test");
    CHECK(filter.matches(event));
    event.detail = EventQuery{*IpAddress::parse("192.0.2.53"), "", 0};
    CHECK_FALSE(event_json(event).contains("name"));
    CHECK_FALSE(event_json(event).contains("type"));
}

TEST_CASE("addresses that open or expire are events on request, found by their names") {
    const Event event = opened("192.0.2.1", {"edge.test", "a.test"});
    const api::Json json = event_json(event);
    CHECK(json["kind"] == "address-opened");
    CHECK(json["address"] == "192.0.2.1");
    CHECK(json["names"] == api::Json{"edge.test", "a.test"});
    CHECK(json["expires"] == "t9");
    EventFilter filter;
    CHECK_FALSE(filter.matches(event));
    CHECK_FALSE(EventHistory().wants(EventKind::kAddressExpired));
    filter.addresses = true;
    CHECK(filter.matches(event));
    CHECK_FALSE(filter.matches(denied(7, "192.0.2.1", 443, 1)));
    CHECK_FALSE(filter.matches(response("a.test")));
    filter.name = pattern("*.test");
    CHECK(filter.matches(event));
    filter.name = pattern("b.test");
    CHECK_FALSE(filter.matches(event));
}

TEST_CASE("without kinds, a filter matches all events but DNS responses") {
    const EventFilter all;
    CHECK(all.matches(denied(7, "192.0.2.1", 443, 1)));
    CHECK(all.matches(of_node(EventKind::kPolicies)));
    CHECK_FALSE(all.matches(response("a.example.com")));
    EventFilter only;
    only.denied = true;
    CHECK(only.matches(denied(7, "192.0.2.1", 443, 1)));
    CHECK_FALSE(only.matches(of_node(EventKind::kPolicies)));
    CHECK_FALSE(only.matches(response("a.example.com")));
    only.dns = true;
    CHECK(only.matches(response("a.example.com")));
    CHECK(only.matches(denied(7, "192.0.2.1", 443, 1)));
    only.denied = false;
    CHECK_FALSE(only.matches(denied(7, "192.0.2.1", 443, 1)));
}

TEST_CASE("an event must match every part of a filter") {
    const Event event = denied(7, "192.0.2.1", 443, 1, {"edge.example.net", "api.example.com"});
    EventFilter filter;
    filter.endpoint = 7;
    filter.name_space = "default";
    filter.pod = "weather";
    filter.name = pattern("*.example.com");
    filter.rule = "default.allow";
    CHECK(filter.matches(event));
    const auto differs = [&](auto&& change) {
        EventFilter other = filter;
        change(other);
        return !other.matches(event);
    };
    CHECK(differs([](EventFilter& other) { other.endpoint = 8; }));
    CHECK(differs([](EventFilter& other) { other.name_space = "kube-system"; }));
    CHECK(differs([](EventFilter& other) { other.pod = "weathe"; }));
    CHECK(differs([](EventFilter& other) { other.name = pattern("example.com"); }));
    CHECK(differs([](EventFilter& other) { other.rule = "default.allow[1]x"; }));
    // A filter by pod or name does not match an event of the node.
    CHECK_FALSE(filter.matches(of_node(EventKind::kPolicies)));
    EventFilter by_name;
    by_name.dns = true;
    by_name.name = pattern("*.example.com");
    CHECK(by_name.matches(response("a.example.com")));
    CHECK_FALSE(by_name.matches(response("example.com")));
}

TEST_CASE("an event as JSON has a version and what is known") {
    const api::Json packet = event_json(denied(7, "192.0.2.1", 443, 1, {"api.example.com"}));
    CHECK(packet == api::Json{{"formatVersion", 1},
                              {"time", "t1"},
                              {"kind", "denied"},
                              {"endpointId", 7},
                              {"endpoint", "default/weather"},
                              {"interface", "ng0"},
                              {"namespace", "default"},
                              {"pod", "weather"},
                              {"direction", "egress"},
                              {"protocol", "TCP"},
                              {"localPort", 50000},
                              {"remote", "192.0.2.1"},
                              {"remotePort", 443},
                              {"rule", "default.allow[1]"},
                              {"tier", "default"},
                              {"names", {"api.example.com"}},
                              {"reason", "denied"}});
    const api::Json dns = event_json(response("a.example.com"));
    CHECK(dns["kind"] == "dns");
    CHECK(dns["by"] == "kernel");
    CHECK(dns["rcode"] == 0);
    CHECK(dns["type"] == 1);
    CHECK(dns["addresses"] == api::Json{"192.0.2.1"});
    Event refused = of_node(EventKind::kPolicyRefused);
    refused.detail = EventText{"p.yaml:1:1: error", "p.yaml"};
    CHECK(event_json(refused) ==
          api::Json{{"formatVersion", 1}, {"time", ""}, {"kind", "policy-refused"}, {"text", "p.yaml:1:1: error"}, {"file", "p.yaml"}});
}

TEST_CASE("each kind of event has its own name") {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < kEventKinds; ++i) {
        names.insert(name_of(static_cast<EventKind>(i)));
    }
    CHECK(names.size() == kEventKinds);
}

TEST_CASE("the name that led an endpoint to an address is kept for the endpoint, without a time limit") {
    NameHistory history;
    history.note(7, learning("a.example.com", {"192.0.2.1", "192.0.2.2"}));
    history.note(7, learning("b.example.com", {"192.0.2.2"}));
    CHECK(history.name_of(7, *IpAddress::parse("192.0.2.1")) == "a.example.com");
    CHECK(history.name_of(7, *IpAddress::parse("192.0.2.2")) == "b.example.com");
    CHECK(history.name_of(8, *IpAddress::parse("192.0.2.1")).empty());
    history.forget(7);
    CHECK(history.name_of(7, *IpAddress::parse("192.0.2.1")).empty());
    CHECK(history.size() == 0);
}

TEST_CASE("over its limit an endpoint loses the address that it saw longest ago, and of all the one with the most gives way") {
    NameHistory history(3, 5);
    history.note(7, learning("a.example.com", {"192.0.2.1", "192.0.2.2", "192.0.2.3"}));
    history.note(7, learning("a.example.com", {"192.0.2.1"}));
    history.note(7, learning("a.example.com", {"192.0.2.4"}));
    CHECK(history.name_of(7, *IpAddress::parse("192.0.2.2")).empty());
    CHECK(history.name_of(7, *IpAddress::parse("192.0.2.1")) == "a.example.com");
    history.note(8, learning("b.example.com", {"192.0.2.1", "192.0.2.2"}));
    CHECK(history.size() == 5);
    history.note(9, learning("c.example.com", {"192.0.2.1"}));
    CHECK(history.size() <= 5);
    CHECK(history.name_of(8, *IpAddress::parse("192.0.2.2")) == "b.example.com");
    CHECK(history.name_of(9, *IpAddress::parse("192.0.2.1")) == "c.example.com");
    CHECK(history.name_of(7, *IpAddress::parse("192.0.2.3")).empty());
}

TEST_CASE("an address has the last four names that led to it, the last one looked up at the end") {
    NameHistory history;
    CHECK(history.names_of(7, *IpAddress::parse("192.0.2.1")).empty());
    for (const char* name : {"a", "b", "c", "d", "e", "c", "c"}) {
        history.note(7, learning(name, {"192.0.2.1"}));
    }
    CHECK(history.names_of(7, *IpAddress::parse("192.0.2.1")) == std::vector<std::string>{"b", "d", "e", "c"});
    CHECK(history.name_of(7, *IpAddress::parse("192.0.2.1")) == "c");
    CHECK(history.names_of(8, *IpAddress::parse("192.0.2.1")).empty());
    CHECK(history.size() == 1);
}

// SPDX-License-Identifier: Apache-2.0
//
// DNS queries for allowed names only (dnsQueries): what reaches the network, and the responses that the program makes, byte by
// byte. No daemon takes part.
#include <catch2/catch.hpp>
#include <optional>

#include "datapath/events.h"
#include "datapath/query_rules.h"
#include "traffic.h"
#include "two_cpus.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr std::uint16_t kResponse = 0x8080;  // QR and RA
constexpr std::uint16_t kNoError = 0;
constexpr std::uint16_t kFormErr = 1;
constexpr std::uint16_t kNxDomain = 3;
constexpr std::uint16_t kRefusedCode = 5;
constexpr std::uint16_t kTypeSrv = 33;
const char* const kServers[] = {kDns4, kDns6};

datapath::QueryRules usual_rules() {
    datapath::QueryRules rules;
    rules.types = {1, 28, 5, 65, 64, 33, 12};
    rules.always = {must(policy::DomainPattern::parse("cluster.local"))};
    return rules;
}

datapath::EndpointPolicies behaving(policy::DnsQueries dns) {
    datapath::EndpointPolicies policies;
    policies.dns = dns;
    return policies;
}

// An endpoint that may look up what the domains match.
struct Filtered {
    explicit Filtered(std::string_view domains, const datapath::QueryRules& rules = usual_rules(),
                      policy::DnsQueries dns = policy::DnsQueries::kAllowed) {
        must(datapath::set_query_rules(scene.datapath(), rules));
        scene.apply(domain_policy(domains), behaving(dns));
    }
    RunResult ask(const Bytes& message, const char* server = kDns4, std::uint16_t port = 40000) {
        return scene.egress(from_pod(server).udp(port, 53).payload(message).build());
    }
    bool passes(std::string_view name, std::uint16_t type = kTypeA) { return ask(DnsMessage::query(name, type).build()).passed(); }
    // The response code of the response that the program made; none: it made none.
    std::optional<unsigned> answer(const DnsMessage& query, const char* server = kDns4) {
        const Bytes message = query.build();
        const RunResult result = ask(message, server);
        if (!result.redirected()) {
            CHECK(result.packet == from_pod(server).udp(40000, 53).payload(message).build());
            return std::nullopt;
        }
        Bytes expected = message;
        const unsigned code = result.packet.at(result.packet.size() - message.size() + 3) & 15U;
        const unsigned kept = static_cast<unsigned>(message.at(2) << 8 | message.at(3)) & 0x7910U;
        const unsigned flags = kept | kResponse | code;
        expected.at(2) = static_cast<std::uint8_t>(flags >> 8);
        expected.at(3) = static_cast<std::uint8_t>(flags & 0xff);
        CHECK(result.packet == to_pod(server).udp(53, 40000).payload(expected).build());
        return code;
    }
    Scene scene;
};

DnsMessage with_option(const DnsMessage& query, std::uint16_t code, std::size_t size) {
    Bytes option{static_cast<std::uint8_t>(code >> 8), static_cast<std::uint8_t>(code & 0xff), 0, static_cast<std::uint8_t>(size)};
    option.resize(option.size() + size, 0x5a);
    DnsMessage out = query;
    return out.additional().record_of({0}, kTypeOpt, option);
}

}  // namespace

TEST_CASE("D19: a name that a domain of the policy matches reaches the network; any other is answered at once", "[D19+][D19-]") {
    Filtered pod("api.example.com, '*.wild.test', 'a.*.mid.test'");
    for (const char* name : {"api.example.com", "API.Example.COM", "x.wild.test", "x.y.wild.test", "a.b.mid.test"}) {
        INFO(name);
        CHECK(pod.passes(name));
        CHECK(pod.passes(name, kTypeAaaa));
    }
    for (const char* name : {"evil.com", "example.com", "www.api.example.com", "wild.test", "a.mid.test", "b.c.mid.test", "com", "."}) {
        for (const char* server : kServers) {
            INFO(name << " " << server);
            for (const std::uint16_t type : {kTypeA, kTypeAaaa, kTypeTxt}) {
                CHECK(pod.answer(DnsMessage::query(name, type).id(0x1234), server) == kNxDomain);
            }
        }
    }
    CHECK(pod.scene.count(NG_R_QUERY_NAME) == 8 * 2 * 3);
    CHECK(pod.scene.count(NG_R_QUESTION) == 10);
}

TEST_CASE("D19: the response keeps RD, CD and an OPT record") {
    Filtered pod("api.example.com");
    CHECK(pod.answer(DnsMessage::query("evil.com").flags(0x0000)) == kNxDomain);
    CHECK(pod.answer(DnsMessage::query("evil.com").flags(0x0130)) == kNxDomain);
    CHECK(pod.answer(DnsMessage::query("evil.com").edns(), kDns6) == kNxDomain);
    CHECK(pod.answer(with_option(DnsMessage::query("evil.com"), 10, 8)) == kNxDomain);
}

TEST_CASE("D19: a checksum that the sender left out stays out") {
    Filtered pod("api.example.com");
    Bytes frame = from_pod(kDns4).udp(40000, 53).payload(DnsMessage::query("evil.com").build()).build();
    frame.at(40) = frame.at(41) = 0;
    const RunResult result = pod.scene.egress(frame);
    REQUIRE(result.redirected());
    CHECK(result.packet.at(40) == 0);
    CHECK(result.packet.at(41) == 0);
}

TEST_CASE("D19: dnsRefusal: Refused") {
    datapath::QueryRules rules = usual_rules();
    rules.refuse = true;
    Filtered pod("api.example.com", rules);
    CHECK(pod.answer(DnsMessage::query("evil.com")) == kRefusedCode);
    CHECK(pod.passes("api.example.com"));
}

TEST_CASE("D19: an endpoint without it asks for any name, and one that only logs too") {
    Filtered any("api.example.com", usual_rules(), policy::DnsQueries::kAny);
    CHECK(any.passes("evil.com"));
    CHECK(any.ask(Bytes(20, 0xff)).passed());
    CHECK(any.scene.count(NG_R_QUERY_LOGGED) == 0);
    any.scene.apply(domain_policy("api.example.com"), behaving(policy::DnsQueries::kLog));
    CHECK(any.passes("evil.com"));
    CHECK(any.passes("api.example.com", kTypeTxt));
    CHECK(any.passes("api.example.com"));
    CHECK(any.ask(Bytes(20, 0xff)).passed());
    CHECK(any.scene.count(NG_R_QUERY_LOGGED) == 3);
    CHECK(any.scene.count(NG_R_QUERY_NAME) == 0);
    CHECK(any.scene.egress(from_pod("198.51.100.9").udp(40000, 53).payload(DnsMessage::query("x.test").build()).build()).passed());
}

TEST_CASE("D20: what is always allowed, and the end of a chain that the endpoint waits for", "[D20+][D20-]") {
    Filtered pod("api.example.com");
    CHECK(pod.passes("cluster.local"));
    CHECK(pod.passes("web.default.svc.Cluster.Local"));
    CHECK(pod.answer(DnsMessage::query("xcluster.local")) == kNxDomain);
    CHECK(pod.answer(DnsMessage::query("cluster.local.evil.com")) == kNxDomain);
    CHECK(pod.answer(DnsMessage::query("local")) == kNxDomain);
    // Another list replaces it.
    datapath::QueryRules rules = usual_rules();
    rules.always = {must(policy::DomainPattern::parse("corp.test")), must(policy::DomainPattern::parse("a.b.c.d.test"))};
    must(datapath::set_query_rules(pod.scene.datapath(), rules));
    CHECK(pod.answer(DnsMessage::query("cluster.local")) == kNxDomain);
    CHECK(pod.passes("x.corp.test"));
    CHECK(pod.passes("a.b.c.d.test"));
    CHECK(pod.answer(DnsMessage::query("b.c.d.test")) == kNxDomain);
    rules.always.clear();
    must(datapath::set_query_rules(pod.scene.datapath(), rules));
    CHECK(pod.answer(DnsMessage::query("x.corp.test")) == kNxDomain);

    CHECK(pod.answer(DnsMessage::query("edge.cdn.test")) == kNxDomain);
    const DnsMessage chain =
        DnsMessage::response("api.example.com").cname("api.example.com", "edge.cdn.test").authority().ns("cdn.test", "ns.cdn.test");
    REQUIRE(pod.scene.resolve(DnsMessage::query("api.example.com").build(), chain.build()));
    CHECK(pod.passes("edge.cdn.test"));
    CHECK(pod.answer(DnsMessage::query("other.cdn.test")) == kNxDomain);
}

TEST_CASE("D21: other record types of an allowed name get an empty response, never NXDOMAIN", "[D21+][D21-]") {
    Filtered pod("api.example.com");
    for (const std::uint16_t type : {std::uint16_t{kTypeA}, std::uint16_t{kTypeAaaa}, std::uint16_t{kTypeHttps}, kTypeSrv}) {
        CHECK(pod.passes("api.example.com", type));
    }
    for (const std::uint16_t type : {std::uint16_t{0}, std::uint16_t{10}, std::uint16_t{kTypeTxt}, std::uint16_t{kTypeMx},
                                     std::uint16_t{kTypeNs}, std::uint16_t{kTypeAny}, std::uint16_t{65535}}) {
        INFO(type);
        CHECK(pod.answer(DnsMessage::query("api.example.com", type)) == kNoError);
        CHECK(pod.answer(DnsMessage::query("x.cluster.local", type), kDns6) == kNoError);
    }
    CHECK(pod.scene.count(NG_R_QUERY_TYPE) == 14);
    CHECK(pod.answer(DnsMessage::query("api.example.com", kTypeA, kClassChaos)) == kNxDomain);
    datapath::QueryRules rules = usual_rules();
    rules.types = {kTypeTxt};
    must(datapath::set_query_rules(pod.scene.datapath(), rules));
    CHECK(pod.passes("api.example.com", kTypeTxt));
    CHECK(pod.answer(DnsMessage::query("api.example.com")) == kNoError);
}

TEST_CASE("D19: a message that is not a plain query is dropped, whatever its name") {
    Filtered pod("api.example.com");
    const DnsMessage good = DnsMessage::query("api.example.com");
    DnsMessage two = good;
    DnsMessage answer = good;
    DnsMessage authority = good;
    DnsMessage two_more = good;
    DnsMessage not_opt = good;
    const Bytes pointer = DnsMessage::pointer(12);
    const DnsMessage cases[] = {
        two.question("api.example.com", kTypeAaaa),
        answer.a("api.example.com", "192.0.2.1"),
        authority.authority().ns("example.com", "ns.example.com"),
        two_more.edns().edns(),
        not_opt.additional().a("api.example.com", "192.0.2.1"),
        DnsMessage(good).count(0, 0),
        DnsMessage(good).count(3, 1),
        DnsMessage(good).opcode(4),
        DnsMessage(good).opcode(5),
        DnsMessage(good).qr(),
        DnsMessage(good).tc(),
        DnsMessage(good).rcode(3),
        DnsMessage(good).flags(0x0140),
        DnsMessage(good).raw({0}),
        DnsMessage(good).raw(Bytes(40, 'x')),
        DnsMessage(good).edns().raw({1}),
        DnsMessage(good).cut(good.size() - 1),
        DnsMessage().flags(0x0100).count(0, 1).raw({3, 'a', 'p', 'i'}).raw(pointer).raw({0, 1, 0, 1}),
        DnsMessage().flags(0x0100).count(0, 1).raw({0x40, 'a', 0, 0, 1, 0, 1}),
        DnsMessage(good).additional().record_of({0}, kTypeOpt, Bytes(490, 'x')),
    };
    for (std::size_t i = 0; i < std::size(cases); ++i) {
        INFO(i);
        CHECK(pod.ask(cases[i].build()).dropped());
        CHECK(pod.ask(cases[i].build(), kDns6).dropped());
    }
    CHECK(pod.ask({}).dropped());
    CHECK(pod.ask(Bytes(16, 0)).dropped());
    CHECK(pod.scene.count(NG_R_QUERY_FORM) == 2 * std::size(cases) + 2);
    CHECK(pod.scene.count(NG_R_QUESTION) == 0);
    CHECK(pod.passes("api.example.com"));
    // Options carry data past us: the client repeats the query without them.
    for (const std::uint16_t option : std::initializer_list<std::uint16_t>{3, 8, 11, 12, 65001}) {
        CHECK(pod.answer(with_option(good, option, 8)) == kFormErr);
    }
    CHECK(pod.answer(with_option(good, 10, 7)) == kFormErr);
    CHECK(pod.answer(with_option(good, 10, 41)) == kFormErr);
    CHECK(pod.ask(with_option(good, 10, 40).build()).passed());
    CHECK(pod.ask(DnsMessage(good).edns().build()).passed());
}

TEST_CASE("D19: fragments and unusual headers to a DNS server do not pass") {
    Filtered pod("api.example.com");
    const Bytes good = DnsMessage::query("api.example.com").build();
    CHECK(pod.scene.egress(from_pod(kDns4).fragment(7, 0, true).udp(40000, 53).payload(good).build()).dropped());
    CHECK(pod.scene.egress(from_pod(kDns4).fragment(7, 40, false).protocol(17).payload(Bytes(16, 'x')).build()).dropped());
    const Bytes evil = DnsMessage::query("evil.com").build();
    CHECK(pod.scene.egress(from_pod(kDns4).options({1, 1, 1, 1}).udp(40000, 53).payload(good).build()).passed());
    CHECK(pod.scene.egress(from_pod(kDns4).options({1, 1, 1, 1}).udp(40000, 53).payload(evil).build()).dropped());
    CHECK(pod.scene.egress(from_pod(kDns6).extension(60).udp(40000, 53).payload(evil).build()).dropped());
}

TEST_CASE("D19: other servers are not reached on a DNS port, over UDP and TCP") {
    Filtered pod("api.example.com");
    const std::string anything = egress_policy({"{action: Allow}"});
    pod.scene.apply(anything, behaving(policy::DnsQueries::kAllowed));
    const Bytes query = DnsMessage::query("api.example.com").build();
    for (const char* server : {"198.51.100.9", "2001:db8::9"}) {
        INFO(server);
        CHECK(pod.scene.egress(from_pod(server).udp(40000, 53).payload(query).build()).dropped());
        CHECK(pod.scene.egress(tcp_out(server, 53)).dropped());
        CHECK(pod.scene.egress(from_pod(server).udp(40000, 5353).payload(query).build()).passed());
        CHECK(pod.scene.connects(server));
    }
    CHECK(pod.answer(DnsMessage::query("api.example.com")) == kNxDomain);  // no domain in the policy: none may be asked for
    CHECK(pod.passes("x.cluster.local"));
    // A trusted server on another port is judged there, and port 53 of the same server is none.
    must(datapath::set_trusted(pod.scene.datapath(), {{*IpPrefix::parse(kDns4), 5300}}));
    pod.scene.apply(domain_policy("api.example.com") + "---\n" + policy_of("Egress", {"{action: Allow, protocol: UDP}"}, "udp"),
                    behaving(policy::DnsQueries::kAllowed));
    CHECK(pod.scene.egress(from_pod(kDns4).udp(40000, 53).payload(query).build()).dropped());
    CHECK(pod.scene.egress(from_pod(kDns4).udp(40000, 5300).payload(query).build()).passed());
    CHECK(pod.scene.egress(from_pod(kDns4).udp(40000, 5300).payload(DnsMessage::query("evil.com").build()).build()).redirected());
}

TEST_CASE("D22: a budget of new names; those that were asked for lately go on", "[D22+][D22-]") {
    datapath::QueryRules rules = usual_rules();
    rules.new_names = 60;
    Filtered pod("'*.wild.test'", rules);
    for (unsigned i = 0; i < 60; ++i) {
        INFO(i);
        CHECK(pod.passes("n" + std::to_string(i) + ".wild.test"));
        CHECK(pod.passes("N" + std::to_string(i) + ".wild.test", kTypeAaaa));
    }
    CHECK(pod.answer(DnsMessage::query("n60.wild.test")) == kNxDomain);
    CHECK(pod.answer(DnsMessage::query("n60.wild.test", kTypeAaaa)) == kNxDomain);
    CHECK(pod.answer(DnsMessage::query("n61.wild.test"), kDns6) == kNxDomain);
    CHECK(pod.passes("n0.wild.test"));
    CHECK(pod.passes("n59.wild.test"));
    CHECK(pod.answer(DnsMessage::query("evil.com")) == kNxDomain);
    CHECK(pod.scene.count(NG_R_QUERY_NEW) == 3);
    // The minute is nearly over, and then over.
    const int fd = must(pod.scene.datapath().map(datapath::MapId::kNewNames));
    const std::uint32_t slot = pod.scene.identity().slot;
    CHECK((must(datapath::map_lookup<std::uint64_t>(fd, slot)).value() & 0xffffffffU) == 60);
    const auto begin_minute = [&](std::uint32_t ticks_ago) {
        const std::uint32_t now = datapath::tick_of(must(datapath::read_clock(pod.scene.datapath())).boot_ns);
        must(datapath::map_update(fd, slot, std::uint64_t{now - ticks_ago} << 32 | 60U));
    };
    constexpr auto kMinute = static_cast<std::uint32_t>(60'000'000'000ULL >> NG_TICK_SHIFT);
    begin_minute(kMinute - 30);
    CHECK(pod.answer(DnsMessage::query("n60.wild.test")) == kNxDomain);
    begin_minute(kMinute + 1);
    CHECK(pod.passes("n60.wild.test"));
    CHECK((must(datapath::map_lookup<std::uint64_t>(fd, slot)).value() & 0xffffffffU) == 1);
    // Another endpoint in the slot has a budget of its own.
    rules.new_names = 1;
    must(datapath::set_query_rules(pod.scene.datapath(), rules));
    begin_minute(1);
    must(datapath::release_slot(pod.scene.datapath(), slot));
    pod.scene.replace_endpoint();
    REQUIRE(pod.scene.identity().slot == slot);
    pod.scene.apply(domain_policy("'*.wild.test'"), behaving(policy::DnsQueries::kAllowed));
    CHECK(pod.passes("n0.wild.test"));
    CHECK(pod.answer(DnsMessage::query("n1.wild.test")) == kNxDomain);
}

TEST_CASE("D22: two queries for a name at the same moment count once") {
    constexpr std::uint32_t kNames = 60;
    datapath::QueryRules rules = usual_rules();
    rules.new_names = 2 * kNames;  // more than it takes: the last name of a budget may go to one of its two queries only
    Filtered pod("'*.wild.test'", rules);
    CHECK_FALSE(pod.passes("evil.com"));  // opens the program, before two threads use it
    for (std::uint32_t i = 0; i < kNames; ++i) {
        const std::string name = "n" + std::to_string(i) + ".wild.test";
        INFO(name);
        bool passed[2] = {};
        together([&] { passed[0] = pod.passes(name); }, [&] { passed[1] = pod.passes(name, kTypeAaaa); });
        CHECK(passed[0]);
        CHECK(passed[1]);
    }
    const int fd = must(pod.scene.datapath().map(datapath::MapId::kNewNames));
    CHECK((must(datapath::map_lookup<std::uint64_t>(fd, pod.scene.identity().slot)).value() & 0xffffffffU) == kNames);
}

TEST_CASE("D19: each refused query is an event with its reason, up to the limit of denials") {
    Filtered pod("api.example.com");
    std::vector<std::pair<std::uint16_t, Bytes>> seen;
    const auto reader =
        must(datapath::EventReader::create(pod.scene.datapath(), [&seen](const ng_event& event, std::span<const std::uint8_t> payload) {
            if (event.kind == NG_EVENT_QUERY) {
                CHECK(event.direction == NG_EGRESS);
                CHECK(event.rule == NG_NO_RULE);
                CHECK(datapath::to_address(event.remote).to_string() == kDns4);
                seen.emplace_back(event.reason, Bytes(payload.begin(), payload.end()));
            }
        }));
    const Bytes evil = DnsMessage::query("evil.com").build();
    const Bytes type = DnsMessage::query("api.example.com", kTypeTxt).build();
    CHECK(pod.ask(evil).redirected());
    CHECK(pod.ask(type).redirected());
    CHECK(pod.ask(Bytes(4, 0)).dropped());
    while (must(Result<std::size_t>(reader->consume())) != 0) {
    }
    REQUIRE(seen.size() == 3);
    CHECK(seen[0] == std::pair<std::uint16_t, Bytes>(NG_R_QUERY_NAME, evil));
    CHECK(seen[1] == std::pair<std::uint16_t, Bytes>(NG_R_QUERY_TYPE, type));
    CHECK(seen[2] == std::pair<std::uint16_t, Bytes>(NG_R_QUERY_FORM, Bytes()));
}

TEST_CASE("more record types or always allowed names than the programs have room for are refused") {
    Scene scene;
    datapath::QueryRules rules;
    rules.types.assign(NG_QUERY_TYPES + 1, 1);
    CHECK_FALSE(datapath::set_query_rules(scene.datapath(), rules));
    rules = {};
    rules.always.assign(NG_ALWAYS_ALLOWED + 1, must(policy::DomainPattern::parse("cluster.local")));
    CHECK_FALSE(datapath::set_query_rules(scene.datapath(), rules));
}

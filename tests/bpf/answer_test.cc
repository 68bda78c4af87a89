// SPDX-License-Identifier: Apache-2.0
//
// Responses: which of them count (D8, D9, D10), which records in them, and what a hostile one can do.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <thread>

#include "traffic.h"

using namespace namegate;
using namespace namegate::test;

namespace {

using Names = std::vector<std::string>;

Bytes ask(std::string_view name, std::uint16_t type = kTypeA) { return DnsMessage::query(name, type).build(); }
Bytes answer(std::string_view name, std::string_view address) { return DnsMessage::response(name).ttl(60).a(name, address).build(); }

// Does this response to a plain query for `name` open exactly these addresses?
void check_taught(Scene& scene, std::string_view name, const Bytes& message, const Names& addresses) {
    Names before = scene.learnt();
    CHECK(scene.resolve(ask(name), message));
    Names expected = before;
    expected.insert(expected.end(), addresses.begin(), addresses.end());
    std::sort(expected.begin(), expected.end());
    CHECK(scene.learnt() == expected);
    for (const std::string& address : addresses) {
        CHECK(scene.connects(address));
    }
}

}  // namespace

TEST_CASE("D15: an address is open as soon as its response has passed, over IPv4 and IPv6", "[D15+][D15-]") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    CHECK_FALSE(scene.connects("203.0.113.1"));
    check_taught(scene, "example.com", answer("example.com", "203.0.113.1"), {"203.0.113.1"});
    const Bytes six = DnsMessage::response("example.com", kTypeAaaa).aaaa("example.com", "2001:db8::1").edns().build();
    CHECK_FALSE(scene.connects("2001:db8::1"));
    CHECK(scene.resolve(ask("example.com", kTypeAaaa), six, 40001, true));
    CHECK(scene.connects("2001:db8::1"));
    const auto entry = scene.learnt_entry("2001:db8::1");
    CHECK(datapath::to_address(entry.server).to_string() == kDns6);
    CHECK(entry.count == 1);
    CHECK(scene.count(NG_R_QUESTION) == 2);
    CHECK(scene.count(NG_R_LEARNT) == 2);
}

TEST_CASE("responses pass as replies, under a policy that allows nothing in") {
    Scene scene;
    scene.apply(domain_policy("example.com") + "---\n" + policy_of("Ingress", {}, "q"));
    check_taught(scene, "example.com", answer("example.com", "203.0.113.1"), {"203.0.113.1"});
    CHECK_FALSE(scene.deliver(answer("example.com", "203.0.113.2")));
    CHECK_FALSE(scene.connects("203.0.113.2"));
}

TEST_CASE("D12: a query that policy denies is not recorded") {
    Scene scene;
    scene.apply(egress_policy({"{action: Allow, destination: {domains: [example.com]}}"}));
    CHECK_FALSE(scene.resolve("example.com", {"203.0.113.1"}));
    scene.deliver(answer("example.com", "203.0.113.1"));
    CHECK(scene.learnt().empty());
}

TEST_CASE("D9, D10: only the response to a pending query opens", "[D9+][D9-][D10+][D10-]") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    const Bytes question = DnsMessage::query("example.com").id(7).build();
    const auto good = [] { return DnsMessage::response("example.com").id(7).a("example.com", "203.0.113.1"); };
    const auto asked = [&] { return scene.egress(from_pod(kDns4).udp(40000, 53).payload(question).build()).passed(); };
    const auto deliver = [&](std::string_view server, std::uint16_t from, std::uint16_t to, const Bytes& message) {
        scene.ingress(to_pod(server).udp(from, to).payload(message).build());
        return !scene.learnt().empty();
    };
    CHECK_FALSE(deliver(kDns4, 53, 40000, good().build()));  // there was no query
    REQUIRE(asked());
    CHECK_FALSE(deliver("192.0.2.54", 53, 40000, good().build()));
    CHECK_FALSE(deliver(kDns4, 5353, 40000, good().build()));
    CHECK_FALSE(deliver(kDns4, 53, 40001, good().build()));
    CHECK_FALSE(deliver(kDns4, 53, 40000, good().id(8).build()));
    CHECK_FALSE(deliver(kDns4, 53, 40000, good().qr(false).build()));
    CHECK_FALSE(deliver(kDns4, 53, 40000, good().count(0, 0).build()));
    CHECK_FALSE(deliver(kDns4, 53, 40000, good().count(0, 2).build()));
    CHECK_FALSE(
        deliver(kDns4, 53, 40000,
                DnsMessage::response("example.org").id(7).cname("example.org", "example.com").a("example.com", "203.0.113.1").build()));
    CHECK_FALSE(deliver(kDns4, 53, 40000, DnsMessage::response("example.com", kTypeAaaa).id(7).a("example.com", "203.0.113.1").build()));
    CHECK_FALSE(
        deliver(kDns4, 53, 40000, DnsMessage::response("example.com", kTypeA, kClassChaos).id(7).a("example.com", "203.0.113.1").build()));
    CHECK_FALSE(scene.connects("203.0.113.1"));
    CHECK(deliver(kDns4, 53, 40000, good().build()));
    CHECK(scene.count(NG_R_UNSOLICITED) >= 7);
}

TEST_CASE("D18: a response may differ from its query in case; in no other byte, and not in the type", "[D18+][D18-]") {
    const std::string long_name = std::string(63, 'Z') + "." + std::string(63, 'a') + "." + std::string(60, 'M') + ".ExamplE.com";
    // Names that end at every position of a word: type and class follow the name, and they have no case.
    for (std::size_t extra = 0; extra < 9; ++extra) {
        const std::string prefix = std::string(extra, 'A') + "[@`{Z";
        for (const std::string& asked : {prefix + ".ExamplE.com", long_name.substr(extra)}) {
            INFO(asked);
            std::string lower = asked;
            std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
            Scene scene;
            scene.apply(domain_policy("'*.example.com'"));
            const auto taught = [&](const std::string& question, std::uint16_t type, std::uint16_t asked_type = kTypeA) {
                scene.egress(from_pod(kDns4).udp(40000, 53).payload(ask(asked, asked_type)).build());
                scene.deliver(DnsMessage::response(question, type).ttl(60).a(question, "203.0.113.1").build());
                return !scene.learnt().empty();
            };
            // They differ by the bit by which the cases of a letter differ.
            for (const char* pair : {"[{", "@`"}) {
                if (std::string other = lower; other.find(pair[0]) != std::string::npos) {
                    other[other.find(pair[0])] = pair[1];
                    CHECK_FALSE(taught(other, kTypeA));
                }
            }
            CHECK_FALSE(taught(lower, kTypeHttps | 0x20, kTypeHttps));
            CHECK(taught(lower, kTypeA));
        }
    }
}

TEST_CASE("D9: an untrusted server opens nothing") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    REQUIRE(scene.egress(from_pod("198.51.100.53").udp(40000, 53).payload(ask("example.com")).build()).passed());
    CHECK(scene.ingress(to_pod("198.51.100.53").udp(53, 40000).payload(answer("example.com", "203.0.113.1")).build()).passed());
    CHECK(scene.learnt().empty());
}

TEST_CASE("one response for each query") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    REQUIRE(scene.resolve(ask("example.com"), answer("example.com", "203.0.113.1")));
    scene.deliver(answer("example.com", "203.0.113.2"));
    CHECK(scene.learnt() == Names{"203.0.113.1"});
    for (int i = 0; i < 2; ++i) {
        REQUIRE(scene.egress(from_pod(kDns4).udp(40000, 53).payload(ask("example.com")).build()).passed());
    }
    for (const char* address : {"203.0.113.3", "203.0.113.4", "203.0.113.5"}) {
        scene.deliver(answer("example.com", address));
    }
    CHECK(scene.learnt() == Names{"203.0.113.1", "203.0.113.3", "203.0.113.4"});
}

TEST_CASE("D15: a response opens though another CPU recorded its query a tick later; not after the query expired") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    const auto taught_after = [&](std::int32_t ticks, std::string_view address) {
        REQUIRE(scene.egress(from_pod(kDns4).udp(40000, 53).payload(ask("example.com")).build()).passed());
        scene.shift_questions(ticks);
        const std::size_t before = scene.learnt().size();
        scene.deliver(answer("example.com", address));
        return scene.learnt().size() > before;
    };
    CHECK(taught_after(1, "203.0.113.1"));
    CHECK(taught_after(8, "203.0.113.2"));
    CHECK_FALSE(taught_after(-(NG_PENDING_SECONDS + 2) * 8, "203.0.113.3"));
}

TEST_CASE("a query recorded a tick later is not evicted by the next one") {
    Scene scene;
    scene.apply(domain_policy("'*.example.com'"));
    // More queries than a set has places: some share one, and the newest must not count as the oldest.
    constexpr unsigned kQuestions = NG_PENDING_SETS * 2;
    unsigned taught = 0;
    for (unsigned i = 0; i < kQuestions; ++i) {
        const std::string name = "n" + std::to_string(i) + ".example.com";
        const std::string address = "203.0." + std::to_string(i / 250) + "." + std::to_string(1 + i % 250);
        const auto port = static_cast<std::uint16_t>(41000 + i);
        REQUIRE(scene.egress(from_pod(kDns4).udp(port, 53).payload(ask(name)).build()).passed());
        scene.shift_questions(1);
        const std::string other = "o" + std::to_string(i) + ".example.com";
        REQUIRE(scene.egress(from_pod(kDns4).udp(static_cast<std::uint16_t>(port + kQuestions), 53).payload(ask(other)).build()).passed());
        scene.deliver(answer(name, address), port);
        scene.shift_questions(-1);
        taught += scene.learnt().size() > taught ? 1U : 0U;
    }
    CHECK(taught == kQuestions);
}

TEST_CASE("many queries at once, with responses in any order") {
    Scene scene;
    scene.apply(domain_policy("'*.example.com'"));
    constexpr unsigned kQuestions = 200;
    const auto name = [](unsigned i) { return "n" + std::to_string(i) + ".example.com"; };
    for (unsigned i = 0; i < kQuestions; ++i) {
        const Bytes question = DnsMessage::query(name(i)).id(static_cast<std::uint16_t>(i)).build();
        REQUIRE(scene.egress(from_pod(kDns4).udp(static_cast<std::uint16_t>(30000 + i * 7), 53).payload(question).build()).passed());
    }
    unsigned learnt = 0;
    for (unsigned i = kQuestions; i-- > 0;) {
        const std::string address = "203.0.113." + std::to_string(i);
        const Bytes message = DnsMessage::response(name(i)).id(static_cast<std::uint16_t>(i)).a(name(i), address).build();
        CHECK(scene.deliver(message, static_cast<std::uint16_t>(30000 + i * 7)));
        learnt += scene.connects(address) ? 1U : 0U;
    }
    CHECK(learnt + scene.count(NG_R_QUESTION_LOST) == kQuestions);
    CHECK(scene.count(NG_R_QUESTION_LOST) <= 2);
}

TEST_CASE("D8: addresses at the end of an unbroken chain, compressed and not", "[D8+]") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    for (const bool compressed : {true, false}) {
        const std::string a = compressed ? "203.0.113.1" : "203.0.113.3";
        const std::string b = compressed ? "203.0.113.2" : "203.0.113.4";
        auto message = DnsMessage::response("example.com");
        message.compress(compressed).cname("example.com", "example.com.cdn.net").cname("example.com.cdn.net", "e7.cdn.net");
        message.a("e7.cdn.net", a).a("E7.cdn.NET", b);
        check_taught(scene, "example.com", message.build(), {a, b});
    }
}

TEST_CASE("D8: a name of the chain opens the address, wherever in the chain it is") {
    Scene scene;
    scene.apply(domain_policy("middle.example, end.example"));
    const auto chain = [](std::string_view address) {
        return DnsMessage::response("start.example")
            .cname("start.example", "middle.example")
            .cname("middle.example", "end.example")
            .a("end.example", address)
            .build();
    };
    check_taught(scene, "start.example", chain("203.0.113.1"), {"203.0.113.1"});
    CHECK(scene.learnt_entry("203.0.113.1").count == 2);
}

TEST_CASE("D8: a name behind an address in the chain cannot open it", "[D8-]") {
    Scene scene;
    scene.apply(domain_policy("allowed.example"));
    const Bytes message = DnsMessage::response("evil.example")
                              .a("evil.example", "203.0.113.66")
                              .cname("evil.example", "allowed.example")
                              .a("allowed.example", "203.0.113.1")
                              .build();
    CHECK(scene.resolve(ask("evil.example"), message));
    CHECK_FALSE(scene.connects("203.0.113.66"));
}

TEST_CASE("D8: records off the chain, in other sections, and of other types open nothing") {
    Scene scene;
    scene.apply(domain_policy("example.com, evil.example"));
    const auto response = [] { return DnsMessage::response("example.com"); };
    check_taught(scene, "example.com", response().authority().a("example.com", "203.0.113.66").build(), {});
    check_taught(scene, "example.com", response().additional().a("example.com", "203.0.113.66").build(), {});
    check_taught(scene, "example.com",
                 response().a("example.com", "203.0.113.1").additional().a("evil.example", "203.0.113.66").edns().build(), {"203.0.113.1"});
    check_taught(scene, "example.com", response().dns_class(kClassChaos).a("example.com", "203.0.113.66").build(), {});
    check_taught(scene, "example.com", response().record("example.com", kTypeTxt, {4, 203, 0, 113, 66}).build(), {});
    check_taught(scene, "example.com", response().record("example.com", kTypeRrsig, Bytes(20, 1)).a("example.com", "203.0.113.2").build(),
                 {"203.0.113.2"});
    // Off the chain: not decided here, and nothing of it counts.
    const std::uint64_t unparsed = scene.count(NG_R_UNPARSED);
    check_taught(scene, "example.com", response().a("evil.example", "203.0.113.66").build(), {});
    check_taught(scene, "example.com", response().cname("other.example", "evil.example").a("evil.example", "203.0.113.66").build(), {});
    check_taught(scene, "example.com", response().record("example.com", kTypeA, {203, 0, 113}).build(), {});
    check_taught(scene, "example.com", response().record("example.com", kTypeA, {203, 0, 113, 66, 0}).build(), {});
    check_taught(scene, "example.com", response().record("example.com", kTypeAaaa, {203, 0, 113, 66}).build(), {});
    CHECK(scene.count(NG_R_UNPARSED) - unparsed == 5 + 0);
}

TEST_CASE("return codes and the truncation bit") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    for (const unsigned rcode : {1U, 2U, 3U, 5U}) {
        check_taught(scene, "example.com", DnsMessage::response("example.com").rcode(rcode).a("example.com", "203.0.113.66").build(), {});
    }
    CHECK(scene.resolve(ask("example.com"), DnsMessage::response("example.com").opcode(5).a("example.com", "203.0.113.66").build()));
    CHECK_FALSE(scene.connects("203.0.113.66"));
    // Stubs use the content of a truncated response, so it opens; the retry over TCP is a separate exchange.
    check_taught(scene, "example.com", DnsMessage::response("example.com").tc().a("example.com", "203.0.113.1").build(), {"203.0.113.1"});
    check_taught(scene, "example.com", DnsMessage::response("example.com").tc().build(), {});
}

TEST_CASE("64 records are accepted, 65 are not") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    const auto many = [](unsigned count, unsigned net, Names* addresses) {
        auto message = DnsMessage::response("example.com");
        for (unsigned i = 0; i < count; ++i) {
            const std::string address = "203.0." + std::to_string(net) + "." + std::to_string(i);
            message.a("example.com", address);
            addresses->push_back(address);
        }
        return message.build();
    };
    Names addresses;
    const Bytes fits = many(NG_DNS_MAX_ANSWERS, 1, &addresses);
    check_taught(scene, "example.com", fits, addresses);
    CHECK(scene.count(NG_R_UNPARSED) == 0);
    CHECK(scene.resolve(ask("example.com"), many(NG_DNS_MAX_ANSWERS + 1, 2, &addresses)));
    CHECK(scene.count(NG_R_UNPARSED) == 1);
    CHECK_FALSE(scene.connects("203.0.2.0"));
}

TEST_CASE("messages larger than the parser's limit pass, unlearned and counted") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    for (const std::size_t size : {std::size_t{NG_DNS_MAX_MESSAGE}, std::size_t{NG_DNS_MAX_MESSAGE} + 1, std::size_t{3000}}) {
        INFO(size);
        Bytes message = answer("example.com", "203.0.113.1");
        message.resize(size);
        const std::uint64_t before = scene.count(NG_R_UNPARSED);
        CHECK(scene.resolve(ask("example.com"), message));
        CHECK(scene.count(NG_R_UNPARSED) - before == (size > NG_DNS_MAX_MESSAGE ? 1 : 0));
    }
    CHECK(scene.connects("203.0.113.1"));
}

TEST_CASE("a chain of up to 32 names is followed") {
    Scene scene;
    scene.apply(domain_policy("n0.example"));
    const auto chain = [](unsigned names, std::string_view address) {
        auto message = DnsMessage::response("n0.example");
        for (unsigned i = 1; i < names; ++i) {
            message.cname("n" + std::to_string(i - 1) + ".example", "n" + std::to_string(i) + ".example");
        }
        return message.a("n" + std::to_string(names - 1) + ".example", address).build();
    };
    check_taught(scene, "n0.example", chain(NG_DNS_MAX_CHAIN, "203.0.113.1"), {"203.0.113.1"});
    check_taught(scene, "n0.example", chain(NG_DNS_MAX_CHAIN + 1, "203.0.113.2"), {});
    CHECK(scene.count(NG_R_UNPARSED) == 1);
    auto loop = DnsMessage::response("n0.example").cname("n0.example", "n1.example").cname("n1.example", "n0.example");
    check_taught(scene, "n0.example", loop.a("n0.example", "203.0.113.3").build(), {"203.0.113.3"});
}

TEST_CASE("compression pointers: only backwards, only to names") {
    Scene scene;
    scene.apply(domain_policy("example.com, www.example.com"));
    const Bytes address{203, 0, 113, 66};
    const auto owner = [&](const Bytes& raw) { return DnsMessage::response("example.com").record_of(raw, kTypeA, address).build(); };
    const std::size_t first = DnsMessage::response("example.com").size();
    check_taught(scene, "example.com", owner(DnsMessage::pointer(first)), {});      // to itself
    check_taught(scene, "example.com", owner(DnsMessage::pointer(first + 2)), {});  // forwards
    check_taught(scene, "example.com", owner(DnsMessage::pointer(0x3fff)), {});
    check_taught(scene, "example.com", owner(DnsMessage::pointer(0)), {});  // into the header
    check_taught(scene, "example.com", owner(DnsMessage::pointer(11)), {});
    check_taught(scene, "example.com", owner({0x40, 1, 'a', 0}), {});  // the reserved label types
    check_taught(scene, "example.com", owner({0x80, 1, 'a', 0}), {});
    check_taught(scene, "example.com", owner({0xc0}), {});
    CHECK(scene.count(NG_R_UNPARSED) == 8);
    // A pointer after labels, and pointers to pointers.
    auto good = DnsMessage::response("www.example.com");
    const std::size_t pointer_at = good.size();
    good.record_of(DnsMessage::pointer(12), kTypeA, {203, 0, 113, 1});
    good.record_of(DnsMessage::pointer(pointer_at), kTypeA, {203, 0, 113, 2});
    good.record_of({3, 'W', 'w', 'W', 0xc0, 16}, kTypeA, {203, 0, 113, 3});
    check_taught(scene, "www.example.com", good.build(), {"203.0.113.1", "203.0.113.2", "203.0.113.3"});
}

TEST_CASE("a step budget bounds what one message costs") {
    Scene scene;
    std::string name = "a";
    for (int i = 1; i < 120; ++i) {
        name += ".a";
    }
    name += ".example";
    scene.apply(domain_policy("'*.example'"));
    auto hostile = DnsMessage::response(name).uncompressed();
    for (int i = 0; i < 4; ++i) {
        hostile.a(name, "203.0.113." + std::to_string(i));
    }
    CHECK(scene.resolve(ask(name), hostile.build()));
    CHECK(scene.count(NG_R_UNPARSED) == 1);
    CHECK(scene.learnt().size() == 2);  // what came before the budget was used up
}

TEST_CASE("an endpoint's limit of learned addresses: nothing else is evicted, and it is counted") {
    datapath::DatapathOptions options;
    options.learnt_per_endpoint = 4;
    Scene scene(Scene::weather_pod(), options);
    scene.apply(domain_policy("example.com"));
    REQUIRE(scene.resolve("example.com", {"203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"}));
    CHECK(scene.count(NG_R_LEARNT_FULL) == 0);
    CHECK(scene.resolve("example.com", {"203.0.113.5", "203.0.113.1"}));
    CHECK(scene.count(NG_R_LEARNT_FULL) == 1);
    CHECK_FALSE(scene.connects("203.0.113.5"));
    for (const char* address : {"203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"}) {
        CHECK(scene.connects(address));
    }
}

TEST_CASE("D13: lifetimes: at least the minimum, never shortened, ended by the clock") {
    constexpr double kSlack = 0.54;  // NG_EXPIRY_SLACK
    Scene scene;
    scene.set_ttl({0, 1, 3600});
    scene.apply(domain_policy("example.com"));
    const auto learn = [&](std::uint32_t ttl, const char* address) {
        REQUIRE(scene.resolve(ask("example.com"), DnsMessage::response("example.com").ttl(ttl).a("example.com", address).build()));
        const std::uint32_t now = datapath::tick_of(must(datapath::read_clock(scene.datapath())).boot_ns);
        const std::int64_t ms = datapath::ticks_to_ms(datapath::ticks_between(now, scene.learnt_entry(address).expiry[0]));
        return static_cast<double>(ms) / 1000.0;
    };
    CHECK(learn(0, "203.0.113.1") == Approx(1 + kSlack).margin(0.2));
    CHECK(learn(60, "203.0.113.2") == Approx(60 + kSlack).margin(0.2));
    CHECK(learn(5, "203.0.113.2") == Approx(60 + kSlack).margin(0.2));
    CHECK(learn(90, "203.0.113.2") == Approx(90 + kSlack).margin(0.2));
    CHECK(learn(100'000, "203.0.113.3") == Approx(3600 + kSlack).margin(0.2));
    CHECK(learn(0x80000001U, "203.0.113.4") == Approx(1 + kSlack).margin(0.2));
    scene.set_ttl({30, 1, 3600});
    CHECK(learn(5, "203.0.113.5") == Approx(35 + kSlack).margin(0.2));
    CHECK(scene.connects("203.0.113.4"));
    std::this_thread::sleep_for(std::chrono::milliseconds(1700));
    CHECK_FALSE(scene.connects("203.0.113.4"));
    CHECK(scene.connects("203.0.113.2"));
}

TEST_CASE("D13: a repeated response writes only what lasts longer: nothing for half a second, then its new time") {
    Scene scene;
    scene.set_ttl({0, 1, 3600});
    scene.apply(domain_policy("example.com"));
    const Bytes answer = DnsMessage::response("example.com").ttl(60).a("example.com", "203.0.113.1").build();
    const auto seen = [&] {
        REQUIRE(scene.resolve(ask("example.com"), answer));
        return scene.learnt_entry("203.0.113.1");
    };
    const ng_learnt first = seen();
    const ng_learnt same = seen();
    CHECK(same.expiry[0] == first.expiry[0]);
    CHECK(same.updated == first.updated);
    std::this_thread::sleep_for(std::chrono::milliseconds(800));
    const ng_learnt later = seen();
    CHECK(datapath::ticks_between(first.expiry[0], later.expiry[0]) >= 5);
    CHECK(later.updated != first.updated);
}

TEST_CASE("every truncation of a good response opens nothing wrong") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    const auto good = DnsMessage::response("example.com")
                          .cname("example.com", "cdn.example.net")
                          .a("cdn.example.net", "203.0.113.1")
                          .aaaa("cdn.example.net", "2001:db8::1")
                          .edns();
    for (std::size_t size = 0; size < good.size(); ++size) {
        INFO(size);
        DnsMessage cut = good;
        CHECK(scene.egress(from_pod(kDns4).udp(40000, 53).payload(ask("example.com")).build()).passed());
        scene.deliver(cut.cut(size).build());
    }
    CHECK(scene.learnt() == Names{"2001:db8::1", "203.0.113.1"});
}

// SPDX-License-Identifier: Apache-2.0
//
// Lookups as resolvers make them: several queries at once, search domains first, responses late and repeated.
#include <catch2/catch.hpp>

#include "traffic.h"

using namespace namegate;
using namespace namegate::test;

namespace {

using Names = std::vector<std::string>;
constexpr std::uint16_t kPort = 40000;
constexpr const char* kSecond4 = "192.0.2.153";

struct Lookup {
    std::string name;
    std::uint16_t type = kTypeA;
    std::uint16_t id = 0;
};

void ask(Scene& scene, const Lookup& one, std::uint16_t port = kPort, const char* server = kDns4) {
    REQUIRE(
        scene.egress(from_pod(server).udp(port, 53).payload(DnsMessage::query(one.name, one.type).id(one.id).build()).build()).passed());
}

DnsMessage reply(const Lookup& one) {
    DnsMessage message = DnsMessage::response(one.name, one.type);
    message.id(one.id).ttl(60);
    return message;
}

void deliver(Scene& scene, const DnsMessage& message, std::uint16_t port = kPort, const char* server = kDns4) {
    CHECK(scene.ingress(to_pod(server).udp(53, port).payload(message.build()).build()).passed());
}

const Names kSearch = {"api.example.com.default.svc.cluster.local", "api.example.com.svc.cluster.local", "api.example.com.cluster.local"};

}  // namespace

TEST_CASE("glibc: A and AAAA on one socket, search domains first, responses in either order") {
    Scene scene;
    scene.apply(domain_policy("api.example.com"));
    const bool second_first = GENERATE(false, true);
    std::uint16_t id = 100;
    for (const std::string& name : kSearch) {
        const Lookup a{name, kTypeA, id++};
        const Lookup aaaa{name, kTypeAaaa, id++};
        ask(scene, a);
        ask(scene, aaaa);
        deliver(scene, reply(second_first ? aaaa : a).rcode(3));
        deliver(scene, reply(second_first ? a : aaaa).rcode(3));
    }
    CHECK(scene.learnt().empty());
    const Lookup a{"api.example.com", kTypeA, id++};
    const Lookup aaaa{"api.example.com", kTypeAaaa, id++};
    ask(scene, a);
    ask(scene, aaaa);
    deliver(scene, second_first ? reply(aaaa).aaaa("api.example.com", "2001:db8::1") : reply(a).a("api.example.com", "203.0.113.1"));
    CHECK(scene.connects(second_first ? "2001:db8::1" : "203.0.113.1"));
    deliver(scene, second_first ? reply(a).a("api.example.com", "203.0.113.1") : reply(aaaa).aaaa("api.example.com", "2001:db8::1"));
    CHECK(scene.learnt() == Names{"2001:db8::1", "203.0.113.1"});
    CHECK(scene.count(NG_R_UNSOLICITED) == 0);
}

TEST_CASE("musl: the same query to every server at once; the responses after the first are harmless") {
    Scene scene;
    must(datapath::set_trusted(scene.datapath(), {{*IpPrefix::parse(kDns4), 53}, {*IpPrefix::parse(kSecond4), 53}}));
    scene.apply(domain_policy("api.example.com"));
    const Lookup one{"api.example.com", kTypeA, 7};
    ask(scene, one);
    ask(scene, one, kPort, kSecond4);
    deliver(scene, reply(one).a("api.example.com", "203.0.113.1"), kPort, kSecond4);
    CHECK(scene.connects("203.0.113.1"));
    deliver(scene, reply(one).a("api.example.com", "203.0.113.2"));
    CHECK(scene.connects("203.0.113.2"));
    // Each server has one response.
    deliver(scene, reply(one).a("api.example.com", "203.0.113.3"), kPort, kSecond4);
    CHECK(scene.learnt() == Names{"203.0.113.1", "203.0.113.2"});
}

TEST_CASE("Go: a socket for each query; equal ids are kept apart by their ports") {
    Scene scene;
    scene.apply(domain_policy("api.example.com"));
    const Lookup a{"api.example.com", kTypeA, 7};
    const Lookup aaaa{"api.example.com", kTypeAaaa, 7};
    ask(scene, a, 40001);
    ask(scene, aaaa, 40002);
    deliver(scene, reply(aaaa).aaaa("api.example.com", "2001:db8::1"), 40001);
    CHECK(scene.learnt().empty());
    deliver(scene, reply(aaaa).aaaa("api.example.com", "2001:db8::1"), 40002);
    deliver(scene, reply(a).a("api.example.com", "203.0.113.1"), 40001);
    CHECK(scene.learnt() == Names{"2001:db8::1", "203.0.113.1"});
}

TEST_CASE("a repeated query with the same id gets its response and that to its repetition; no third") {
    Scene scene;
    scene.apply(domain_policy("api.example.com"));
    const Lookup one{"api.example.com", kTypeA, 7};
    ask(scene, one);
    ask(scene, one);
    deliver(scene, reply(one).a("api.example.com", "203.0.113.1"));
    deliver(scene, reply(one).a("api.example.com", "203.0.113.1"));
    deliver(scene, reply(one).a("api.example.com", "203.0.113.2"));
    CHECK(scene.learnt() == Names{"203.0.113.1"});
    CHECK(scene.count(NG_R_UNSOLICITED) == 1);
}

TEST_CASE("a DNAME's synthesised CNAME is followed, the DNAME itself is not") {
    Scene scene;
    scene.apply(domain_policy("x.old.com"));
    const Lookup one{"x.old.com", kTypeA, 7};
    ask(scene, one);
    deliver(scene, reply(one).dname("old.com", "new.net").cname("x.old.com", "x.new.net").a("x.new.net", "203.0.113.1"));
    CHECK(scene.connects("203.0.113.1"));
    ask(scene, one);
    deliver(scene, reply(one).dname("old.com", "new.net").a("x.new.net", "203.0.113.2"));
    CHECK_FALSE(scene.connects("203.0.113.2"));
}

TEST_CASE("a policy that names only the end of the chain, by exact name or wildcard") {
    Scene scene;
    scene.apply(domain_policy(GENERATE(as<const char*>(), "d1.cdn.net", "'*.cdn.net'")));
    const Lookup one{"www.shop.org", kTypeA, 7};
    ask(scene, one);
    deliver(scene, reply(one).cname("www.shop.org", "shop.alias.org").cname("shop.alias.org", "d1.cdn.net").a("d1.cdn.net", "203.0.113.1"));
    CHECK(scene.connects("203.0.113.1"));
}

// SPDX-License-Identifier: Apache-2.0
#include "dns/learning.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <iterator>
#include <map>
#include <set>

#include "dns/lifetime.h"
#include "support/dns_message.h"

namespace learning_test {

using namespace namegate::test;
using namegate::dns::Learning;

namespace {

Learning learn(const DnsMessage& message) {
    const auto parsed = namegate::dns::parse_message(message.build());
    REQUIRE(parsed);
    return namegate::dns::learn(*parsed);
}

std::set<std::string> addresses(const Learning& learning) {
    std::set<std::string> out;
    for (const auto& address : learning.addresses) {
        out.insert(address.address.to_string());
    }
    return out;
}

using Names = std::vector<std::string>;
using Set = std::set<std::string>;

}  // namespace

TEST_CASE("D8: the addresses of the question's own name count") {
    const Learning learning =
        learn(DnsMessage::response("Example.COM").ttl(60).a("example.com", "192.0.2.1").aaaa("EXAMPLE.com", "2001:db8::1"));
    CHECK(learning.chain_names == Names{"example.com"});
    CHECK(addresses(learning) == Set{"192.0.2.1", "2001:db8::1"});
    CHECK(learning.addresses[0].ttl == 60);
    CHECK(learning.names_of(learning.addresses[0]) == Names{"example.com"});
}

TEST_CASE("an IPv4-mapped address differs from the IPv4 address itself, each with its own lifetime") {
    const Bytes mapped = [] {
        const auto bytes = namegate::IpAddress::parse("192.0.2.1")->bytes();
        return Bytes(bytes.begin(), bytes.end());
    }();
    const Learning learning = learn(DnsMessage::response("a.com")
                                        .ttl(60)
                                        .record("a.com", kTypeAaaa, mapped)
                                        .ttl(5)
                                        .a("a.com", "192.0.2.1")
                                        .ttl(9)
                                        .record("a.com", kTypeAaaa, mapped));
    REQUIRE(learning.addresses.size() == 2);
    CHECK(learning.addresses[0].mapped);
    CHECK(learning.addresses[0].ttl == 60);
    CHECK_FALSE(learning.addresses[1].mapped);
    CHECK(learning.addresses[1].ttl == 5);
    CHECK(learning.addresses[0].address == learning.addresses[1].address);
}

TEST_CASE("D8: a CNAME chain is followed in any order of its records") {
    std::vector<int> order{0, 1, 2, 3};
    do {
        auto message = DnsMessage::response("www.example.com").compress(order[0] % 2 == 0);
        for (const int which : order) {
            switch (which) {
                case 0: message.cname("www.example.com", "a.cdn.net"); break;
                case 1: message.cname("A.cdn.net", "b.cdn.net"); break;
                case 2: message.a("b.CDN.net", "192.0.2.1"); break;
                default: message.a("b.cdn.net", "192.0.2.2"); break;
            }
        }
        const Learning learning = learn(message);
        CHECK(learning.chain_names == Names{"www.example.com", "a.cdn.net", "b.cdn.net"});
        CHECK(addresses(learning) == Set{"192.0.2.1", "192.0.2.2"});
        CHECK(learning.names_of(learning.addresses[0]) == learning.chain_names);
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("D8: records off the chain, and in other sections, never count") {
    const Learning learning = learn(DnsMessage::response("www.example.com")
                                        .cname("www.example.com", "cdn.net")
                                        .a("other.example.com", "192.0.2.66")
                                        .cname("elsewhere.com", "www.example.com")
                                        .a("elsewhere.com", "192.0.2.67")
                                        .cname("gap.net", "far.net")
                                        .a("far.net", "192.0.2.68")
                                        .a("cdn.net", "192.0.2.1")
                                        .a("evilwww.example.com", "192.0.2.69")
                                        .a("example.com", "192.0.2.70")
                                        .authority()
                                        .a("www.example.com", "192.0.2.71")
                                        .additional()
                                        .a("cdn.net", "192.0.2.72"));
    CHECK(addresses(learning) == Set{"192.0.2.1"});
    CHECK(learning.chain_names == Names{"www.example.com", "cdn.net"});
}

TEST_CASE("D8: an address counts only for the names that lead to it") {
    // No correct zone has an address beside a CNAME. By the text of D8, a name after the address in the chain must not open it.
    const Learning learning =
        learn(DnsMessage::response("evil.com").a("evil.com", "192.0.2.66").cname("evil.com", "good.com").a("good.com", "192.0.2.1"));
    REQUIRE(learning.addresses.size() == 2);
    std::map<std::string, Names> names;
    for (const auto& address : learning.addresses) {
        names[address.address.to_string()] = learning.names_of(address);
    }
    CHECK(names["192.0.2.66"] == Names{"evil.com"});
    CHECK(names["192.0.2.1"] == Names{"evil.com", "good.com"});
}

TEST_CASE("D8: loops end, and every name in a loop leads to every other") {
    const Learning self = learn(DnsMessage::response("a.com").cname("a.com", "a.com").a("a.com", "192.0.2.1"));
    CHECK(addresses(self) == Set{"192.0.2.1"});
    const Learning ring = learn(
        DnsMessage::response("a.com").cname("a.com", "b.com").cname("b.com", "c.com").cname("c.com", "a.com").a("a.com", "192.0.2.1"));
    CHECK(ring.chain_names.size() == 3);
    CHECK(ring.names_of(ring.addresses.at(0)).size() == 3);
    CHECK(learn(DnsMessage::response("a.com").cname("a.com", "b.com").cname("b.com", "a.com")).addresses.empty());
}

TEST_CASE("D8: DNAME's synthesised CNAME counts, the DNAME itself does not") {
    CHECK(addresses(learn(
              DnsMessage::response("x.old.com").dname("old.com", "new.net").cname("x.old.com", "x.new.net").a("x.new.net", "192.0.2.1"))) ==
          Set{"192.0.2.1"});
    CHECK(learn(DnsMessage::response("x.old.com").dname("old.com", "new.net").a("x.new.net", "192.0.2.1")).empty());
}

TEST_CASE("D8: a dot inside a label is not the name with the dot between labels") {
    CHECK(learn(DnsMessage::response("a.example.com").a("a\\046example.com", "192.0.2.1")).empty());
    const Learning learning = learn(DnsMessage::response("a\\046example.com").a("a\\046example.com", "192.0.2.1"));
    CHECK(learning.chain_names == Names{"a\\046example.com"});
    CHECK(learning.addresses.size() == 1);
}

TEST_CASE("only a successful response to an ordinary query of class IN opens") {
    const auto good = [] { return DnsMessage::response("a.com").a("a.com", "192.0.2.1"); };
    CHECK_FALSE(learn(good()).empty());
    CHECK(learn(good().qr(false)).empty());
    CHECK(learn(good().opcode(5)).empty());
    CHECK(learn(good().rcode(2)).empty());
    CHECK(learn(good().rcode(3)).empty());
    CHECK(learn(DnsMessage::response("a.com", kTypeA, kClassChaos).a("a.com", "192.0.2.1")).empty());
}

TEST_CASE("an address that occurs twice counts once, with its longer TTL") {
    const Learning learning =
        learn(DnsMessage::response("a.com").ttl(5).a("a.com", "192.0.2.1").ttl(50).a("a.com", "192.0.2.1").ttl(7).a("a.com", "192.0.2.1"));
    REQUIRE(learning.addresses.size() == 1);
    CHECK(learning.addresses[0].ttl == 50);
}

TEST_CASE("a chain longer than the limit is cut, and reported") {
    auto message = DnsMessage::response("n0.com");
    for (int i = 0; i < 40; ++i) {
        message.cname("n" + std::to_string(i) + ".com", "n" + std::to_string(i + 1) + ".com");
    }
    message.a("n31.com", "192.0.2.31").a("n32.com", "192.0.2.32");
    const Learning learning = learn(message);
    CHECK(learning.chain_cut);
    CHECK(learning.chain_names.size() == namegate::dns::kMaxChainNames);
    CHECK(addresses(learning) == Set{"192.0.2.31"});
}

TEST_CASE("D13: lifetimes") {
    using namegate::dns::effective_ttl_seconds;
    CHECK(effective_ttl_seconds(300, {0, 2, 86400}) == 300);
    CHECK(effective_ttl_seconds(300, {30, 2, 86400}) == 330);
    CHECK(effective_ttl_seconds(0, {0, 2, 86400}) == 2);
    CHECK(effective_ttl_seconds(1, {0, 60, 86400}) == 60);
    CHECK(effective_ttl_seconds(100000, {0, 2, 86400}) == 86400);
    CHECK(effective_ttl_seconds(10, {0, 60, 30}) == 30);
    CHECK(effective_ttl_seconds(0xffffffffU, {0xffffffffU, 2, 0xffffffffU}) == 0xffffffffULL);
    CHECK(namegate::dns::expiry_boot_ns(5, 10, {0, 2, 86400}) == 10'000'000'005ULL);
}

}  // namespace learning_test

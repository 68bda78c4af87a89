// SPDX-License-Identifier: Apache-2.0
#include "support/dns_corpus.h"

namespace namegate::test {
namespace {

using Cases = std::vector<NamedMessage>;

constexpr const char* kName = "example.com";
const Bytes kAddress{203, 0, 113, 1};

DnsMessage to_name(std::string_view name = kName, std::uint16_t type = kTypeA) { return DnsMessage::response(name, type); }

std::string numbered(unsigned number) { return "n" + std::to_string(number) + ".a"; }

// CNAMEs n0.a -> n1.a -> ... of this many names, the last of them b.a with an address.
DnsMessage chain_of(unsigned names) {
    DnsMessage message = to_name(numbered(0));
    for (unsigned i = 1; i < names; ++i) {
        message.cname(numbered(i - 1), i + 1 == names ? "b.a" : numbered(i));
    }
    return message.a("b.a", "203.0.113.1");
}

DnsMessage with_addresses(unsigned count) {
    DnsMessage message = to_name();
    for (unsigned i = 0; i < count; ++i) {
        message.ttl(i * 10).a(kName, "203.0.113." + std::to_string(i));
    }
    return message;
}

std::string deep_name(unsigned labels) {
    std::string name;
    for (unsigned i = 0; i < labels; ++i) {
        name += "a.";
    }
    return name + kName;
}

void add_plain(Cases& out) {
    out.push_back({"a", to_name().ttl(60).a(kName, "203.0.113.1").build()});
    out.push_back({"aaaa", to_name(kName, kTypeAaaa).aaaa(kName, "2001:db8::1").edns().build()});
    out.push_back({"a-and-aaaa", to_name(kName, kTypeAny).a(kName, "203.0.113.1").aaaa(kName, "2001:db8::1").build()});
    out.push_back({"mapped-aaaa", to_name(kName, kTypeAaaa).aaaa(kName, "::ffff:203.0.113.1").build()});
    for (const char* address : {"127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255", "127.0.0.0", "128.0.0.0"}) {
        out.push_back({std::string("never-") + address, to_name().a(kName, address).a(kName, "203.0.113.1").build()});
        const auto mapped = IpAddress::parse(address)->bytes();
        out.push_back({std::string("never-mapped-") + address,
                       to_name(kName, kTypeAny).record(kName, kTypeAaaa, Bytes(mapped.begin(), mapped.end())).a(kName, address).build()});
    }
    for (const char* address : {"::", "::1", "::2", "fe80::1", "fec0::1", "ff02::1", "::fffe:127.0.0.1"}) {
        out.push_back({std::string("never-") + address, to_name(kName, kTypeAaaa).aaaa(kName, address).build()});
    }
    out.push_back({"addresses-20", with_addresses(20).edns().build()});
    out.push_back({"addresses-64", with_addresses(64).build()});
    out.push_back({"addresses-65", with_addresses(65).build()});
    out.push_back({"address-twice", to_name().ttl(9).a(kName, "203.0.113.1").ttl(7).a(kName, "203.0.113.1").build()});
    out.push_back({"no-data", to_name().authority().record("com", kTypeSoa, Bytes(40, 1)).build()});
    out.push_back({"no-name", to_name().rcode(3).authority().record("com", kTypeSoa, Bytes(40, 1)).build()});
    out.push_back({"no-name-with-address", to_name().rcode(3).a(kName, "203.0.113.1").build()});
    out.push_back({"failure-with-address", to_name().rcode(2).a(kName, "203.0.113.1").build()});
    out.push_back({"ttl-0", to_name().ttl(0).a(kName, "203.0.113.1").build()});
    out.push_back({"ttl-largest", to_name().ttl(0x7fffffff).a(kName, "203.0.113.1").build()});
    out.push_back({"ttl-top-bit", to_name().ttl(0x80000001U).a(kName, "203.0.113.1").build()});
    out.push_back({"other-name", to_name("nothing.test").a("nothing.test", "203.0.113.1").build()});
    out.push_back({"bytes-behind", to_name().a(kName, "203.0.113.1").raw(Bytes(30, 0xee)).build()});
}

void add_chains(Cases& out) {
    out.push_back(
        {"chain-3",
         to_name("q.test").cname("q.test", "cdn.example.net").cname("cdn.example.net", "z.test").a("z.test", "203.0.113.1").build()});
    out.push_back({"chain-backwards", to_name().a("z.test", "203.0.113.1").cname("y.test", "z.test").cname(kName, "y.test").build()});
    out.push_back({"chain-broken", to_name().cname(kName, "y.test").a("z.test", "203.0.113.1").build()});
    out.push_back({"chain-32", chain_of(32).build()});
    out.push_back({"chain-33", chain_of(33).build()});
    out.push_back(
        {"chain-uncompressed",
         to_name("WwW.eXample.com").uncompressed().cname("www.example.com", "A.edge.net").a("a.edge.NET", "203.0.113.1").build()});
    out.push_back({"chain-loop", to_name().cname(kName, "y.test").cname("y.test", kName).a(kName, "203.0.113.1").build()});
    out.push_back({"chain-to-itself", to_name().cname(kName, kName).a(kName, "203.0.113.1").build()});
    out.push_back({"chain-forks",
                   to_name().cname(kName, "y.test").cname(kName, "z.test").a("y.test", "203.0.113.1").a("z.test", "203.0.113.2").build()});
    out.push_back({"chain-twice", to_name().cname(kName, "y.test").cname(kName, "y.test").a("y.test", "203.0.113.1").build()});
    out.push_back(
        {"address-before-cname", to_name("q.test").a("q.test", "203.0.113.1").cname("q.test", kName).a(kName, "203.0.113.2").build()});
    out.push_back(
        {"dname", to_name("x.example.com").dname(kName, "y.test").cname("x.example.com", "x.y.test").a("x.y.test", "203.0.113.1").build()});
    out.push_back({"dname-alone", to_name("x.example.com").dname(kName, "y.test").a("x.y.test", "203.0.113.1").build()});
    out.push_back(
        {"signed",
         to_name().record(kName, kTypeRrsig, Bytes(40, 5)).a(kName, "203.0.113.1").record(kName, kTypeRrsig, Bytes(40, 6)).edns().build()});
    out.push_back(
        {"signed-chain", to_name().cname(kName, "y.test").record(kName, kTypeRrsig, Bytes(40, 5)).a("y.test", "203.0.113.1").build()});
    out.push_back({"target-too-short", to_name().record(kName, kTypeCname, {1, 'y', 0, 0}).a("y", "203.0.113.1").build()});
    out.push_back({"target-too-long", to_name().record(kName, kTypeCname, {3, 'y', 0}).a("y", "203.0.113.1").build()});
    out.push_back({"target-root", to_name().record(kName, kTypeCname, {0}).record_of({0}, kTypeA, kAddress).build()});
}

void add_names(Cases& out) {
    const std::string label(63, 'x');
    const std::string longest = label + "." + label + "." + label + "." + std::string(49, 'y') + "." + kName;  // 253 characters
    out.push_back({"label-63", to_name(label + ".example.com").a(label + ".example.com", "203.0.113.1").build()});
    out.push_back({"label-64", to_name().record_of(Bytes(1, 64), kTypeA, kAddress).build()});
    out.push_back({"name-253", to_name(longest).a(longest, "203.0.113.1").build()});
    out.push_back({"name-254", to_name("y" + longest.substr(1)).a(longest, "203.0.113.1").build()});
    out.push_back({"name-over-long", to_name(label + "." + longest).a(label + "." + longest, "203.0.113.1").build()});
    out.push_back({"labels-100", to_name(deep_name(100)).a(deep_name(100), "203.0.113.1").build()});
    out.push_back({"labels-100-uncompressed", to_name(deep_name(100))
                                                  .uncompressed()
                                                  .a(deep_name(100), "203.0.113.1")
                                                  .a(deep_name(100), "203.0.113.2")
                                                  .a(deep_name(100), "203.0.113.3")
                                                  .a(deep_name(100), "203.0.113.4")
                                                  .build()});
    out.push_back({"root", to_name("").record_of({0}, kTypeA, kAddress).build()});
    out.push_back({"case", to_name("eXaMpLe.CoM").a("ExAmPlE.cOm", "203.0.113.1").build()});
    out.push_back({"case-of-brackets", to_name("[]^_`{}.example.com").a("{}~_@[].example.com", "203.0.113.1").build()});
    out.push_back({"dot-in-label", to_name("www\\046example.com").a("www\\046example.com", "203.0.113.1").build()});
    out.push_back({"dot-joins-labels", to_name("example\\046com").a("example\\046com", "203.0.113.1").build()});
    out.push_back({"dot-against-labels", to_name("www.example.com").a("www\\046example.com", "203.0.113.1").build()});
    out.push_back({"zero-in-label", to_name("a\\000.example.com").a("a\\000.example.com", "203.0.113.1").build()});
    out.push_back({"bytes-in-label", to_name("\\195\\164\\255.example.com").a("\\195\\164\\255.example.com", "203.0.113.1").build()});
    out.push_back({"underscores", to_name("_sip._tcp.a.test").a("_sip._tcp.a.test", "203.0.113.1").build()});
    out.push_back({"a-label", to_name("xn--bcher-kva.example.com").a("xn--bcher-kva.example.com", "203.0.113.1").build()});
    out.push_back({"no-boundary", to_name("evilexample.com").a("evilexample.com", "203.0.113.1").build()});
    out.push_back({"suffix-of-it", to_name("example.com.test").a("example.com.test", "203.0.113.1").build()});
    out.push_back({"middle-wildcard", to_name("www.x.y.org").a("www.x.y.org", "203.0.113.1").build()});
    out.push_back({"middle-wildcard-empty", to_name("www.org").a("www.org", "203.0.113.1").build()});
}

void add_pointers(Cases& out) {
    const auto owned = [](const Bytes& owner) { return to_name().record_of(owner, kTypeA, kAddress).build(); };
    const auto here = static_cast<unsigned>(to_name().size());
    out.push_back({"pointer-to-itself", owned(DnsMessage::pointer(here))});
    out.push_back({"pointer-forwards", owned(DnsMessage::pointer(here + 2))});
    out.push_back({"pointer-into-header", owned(DnsMessage::pointer(4))});
    out.push_back({"pointer-beyond", owned(DnsMessage::pointer(0x3fff))});
    out.push_back({"pointer-into-label", owned(DnsMessage::pointer(14))});
    out.push_back({"pointer-to-root", owned(DnsMessage::pointer(here - 5))});
    out.push_back({"pointer-half", owned({0xc0})});
    out.push_back({"pointer-behind-label", owned({3, 'w', 'w', 'w', 0xc0, 12})});
    out.push_back({"label-type-01", owned({0x40, 1, 'a', 0})});
    out.push_back({"label-type-10", owned({0x80, 1, 'a', 0})});
    out.push_back(
        {"pointer-to-pointer",
         to_name().record_of(DnsMessage::pointer(12), kTypeA, kAddress).record_of(DnsMessage::pointer(here), kTypeA, kAddress).build()});
    DnsMessage ladder = to_name();
    for (unsigned i = 0, at = 12; i < 60; ++i) {
        const auto next = static_cast<unsigned>(ladder.size());
        ladder.record_of(DnsMessage::pointer(at), kTypeTxt, {0});
        at = next;
        ladder.ttl(i);
    }
    out.push_back({"pointer-ladder", ladder.record_of(DnsMessage::pointer(ladder.size() - 13), kTypeA, kAddress).build()});
}

void add_frames(Cases& out) {
    const DnsMessage good = to_name().a(kName, "203.0.113.1").aaaa(kName, "2001:db8::1");
    const auto changed = [&good](auto change) {
        DnsMessage message = good;
        change(message);
        return message.build();
    };
    out.push_back({"question-0", changed([](DnsMessage& m) { m.count(0, 0); })});
    out.push_back({"question-2", to_name().question(kName).a(kName, "203.0.113.1").build()});
    out.push_back({"count-too-high", changed([](DnsMessage& m) { m.count(1, 3); })});
    out.push_back({"count-too-low", changed([](DnsMessage& m) { m.count(1, 1); })});
    out.push_back({"count-65535", changed([](DnsMessage& m) { m.count(1, 65535); })});
    out.push_back({"truncated-whole", changed([](DnsMessage& m) { m.tc(); })});
    out.push_back({"truncated-cut", changed([](DnsMessage& m) { m.tc().cut(m.size() - 5); })});
    out.push_back({"cut", changed([](DnsMessage& m) { m.cut(m.size() - 5); })});
    out.push_back({"opcode-notify", changed([](DnsMessage& m) { m.opcode(4); })});
    out.push_back({"not-a-response", changed([](DnsMessage& m) { m.qr(false); })});
    out.push_back({"class-of-question", to_name(kName).build()});
    out.back().bytes = DnsMessage::response(kName, kTypeA, kClassChaos).a(kName, "203.0.113.1").build();
    out.push_back({"class-of-record", to_name().dns_class(kClassChaos).a(kName, "203.0.113.1").build()});
    out.push_back({"class-any", to_name().dns_class(255).a(kName, "203.0.113.1").build()});
    out.push_back({"a-of-3-bytes", to_name().record(kName, kTypeA, {203, 0, 113}).build()});
    out.push_back({"a-of-5-bytes", to_name().record(kName, kTypeA, {203, 0, 113, 1, 0}).build()});
    out.push_back({"aaaa-of-4-bytes", to_name().record(kName, kTypeAaaa, kAddress).build()});
    out.push_back({"authority", to_name().authority().a(kName, "203.0.113.1").build()});
    out.push_back({"additional", to_name().additional().a(kName, "203.0.113.1").build()});
    out.push_back({"options-among-answers", to_name().record_of({0}, kTypeOpt, {}).a(kName, "203.0.113.1").build()});
    out.push_back({"https", to_name(kName, kTypeHttps).record(kName, kTypeHttps, {0, 1, 0}).a(kName, "203.0.113.1").build()});
    out.push_back({"large", to_name().record(kName, kTypeTxt, Bytes(1380, 1)).a(kName, "203.0.113.1").build()});
    out.push_back({"too-large", to_name().record(kName, kTypeTxt, Bytes(1480, 1)).a(kName, "203.0.113.1").build()});
}

}  // namespace

std::vector<NamedMessage> edge_cases() {
    Cases out;
    add_plain(out);
    add_chains(out);
    add_names(out);
    add_pointers(out);
    add_frames(out);
    return out;
}

}  // namespace namegate::test

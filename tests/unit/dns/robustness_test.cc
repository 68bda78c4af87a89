// SPDX-License-Identifier: Apache-2.0
//
// Mutated messages: no crash, and what is learned still obeys the rules. The sequence is the same in each run.
#include <catch2/catch.hpp>
#include <random>

#include "dns/learning.h"
#include "dns/name_cache.h"
#include "dns/wire_name.h"
#include "support/dns_message.h"
#include "support/manual_clock.h"

using namespace namegate::test;
using namegate::dns::Learning;

namespace {

constexpr unsigned kRounds = 40'000;

std::vector<Bytes> seeds() {
    const std::string label(63, 'x');
    std::vector<Bytes> out{
        DnsMessage::query("www.example.com").edns().build(),
        DnsMessage::response("example.com").a("example.com", "192.0.2.1").build(),
        DnsMessage::response("WWW.example.com")
            .cname("www.example.com", "a.cdn.net")
            .cname("a.cdn.net", "b.cdn.net")
            .a("b.cdn.net", "192.0.2.1")
            .aaaa("b.cdn.net", "2001:db8::1")
            .authority()
            .ns("cdn.net", "ns.cdn.net")
            .edns()
            .build(),
        DnsMessage::response("a.b").uncompressed().dname("b", "c").cname("a.b", "a.c").a("a.c", "192.0.2.1").build(),
        DnsMessage::response(label + "." + label + ".com").tc().a(label + "." + label + ".com", "192.0.2.1").cut(150).build(),
    };
    return out;
}

class Mutator {
  public:
    Bytes operator()(Bytes bytes) {
        for (unsigned changes = 1 + below(4); changes > 0 && !bytes.empty(); --changes) {
            const auto at = static_cast<std::ptrdiff_t>(below(bytes.size()));
            switch (below(5)) {
                case 0: bytes[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(below(256)); break;
                case 1: bytes[static_cast<std::size_t>(at)] ^= static_cast<std::uint8_t>(1U << below(8)); break;
                case 2: bytes[static_cast<std::size_t>(at)] = 0xc0; break;
                case 3: bytes.resize(static_cast<std::size_t>(at)); break;
                default: bytes.insert(bytes.begin() + at, static_cast<std::uint8_t>(below(256))); break;
            }
        }
        return bytes;
    }
    unsigned below(std::size_t bound) { return static_cast<unsigned>(random_() % bound); }

  private:
    std::mt19937 random_{12345};  // NOLINT(cert-msc51-cpp): the same every run, on purpose
};

void check_rules(const Learning& learning) {
    REQUIRE(learning.chain_names.size() <= namegate::dns::kMaxChainNames);
    for (const std::string& name : learning.chain_names) {
        const auto wire = namegate::dns::text_to_wire(name);
        REQUIRE(wire);
        REQUIRE(*namegate::dns::wire_to_text(*wire) == name);
    }
    for (const auto& link : learning.links) {
        REQUIRE(link.from < learning.chain_names.size());
        REQUIRE(link.to < learning.chain_names.size());
    }
    for (const auto& address : learning.addresses) {
        // The question and the owner are always among the names that lead to an address.
        REQUIRE((address.names & 1U) == 1U);
        REQUIRE((address.names >> address.owner & 1U) == 1U);
        REQUIRE(learning.names_of(address).size() <= learning.chain_names.size());
    }
}

}  // namespace

TEST_CASE("mutated messages never break the parser, the decision or the cache") {
    const std::vector<Bytes> originals = seeds();
    Mutator mutate;
    ManualClock clock;
    namegate::dns::NameCacheLimits limits;
    limits.names = 500;
    namegate::dns::NameCache cache(clock, limits);
    unsigned parsed = 0;
    for (unsigned i = 0; i < kRounds; ++i) {
        const auto message = namegate::dns::parse_message(mutate(originals[mutate.below(originals.size())]));
        if (message) {
            ++parsed;
            const Learning learning = namegate::dns::learn(*message);
            check_rules(learning);
            cache.record(mutate.below(3), learning, {});
        }
    }
    CHECK(parsed > kRounds / 20);
    CHECK(cache.stats().names <= limits.names);
    const std::string saved = cache.serialise("scope");
    CHECK(cache.deserialise(saved, "scope"));
    CHECK(cache.serialise("scope") == saved);
}

TEST_CASE("random bytes are never a message that opens") {
    Mutator mutate;
    for (unsigned i = 0; i < kRounds; ++i) {
        Bytes bytes(mutate.below(200));
        for (std::uint8_t& byte : bytes) {
            byte = static_cast<std::uint8_t>(mutate.below(256));
        }
        const auto message = namegate::dns::parse_message(bytes);
        if (message) {
            check_rules(namegate::dns::learn(*message));
        }
    }
}

TEST_CASE("the most expensive message within the limits is still cheap") {
    // As many records as possible, each with a long compressed owner; only the test's own limit bounds the time.
    auto builder = DnsMessage::response("a.b");
    Bytes chain = DnsMessage::pointer(kDnsHeaderBytes);
    const std::size_t start = builder.size() + 11;
    for (std::size_t i = 0; i < 120; ++i) {
        const Bytes next = DnsMessage::pointer(start + 2 * i);
        chain.insert(chain.end(), next.begin(), next.end());
    }
    builder.record_of({0}, kTypeTxt, chain);
    const Bytes owner = DnsMessage::pointer(start + chain.size() - 2);
    for (unsigned i = 0; i < 4000; ++i) {
        builder.record_of(owner, kTypeA, {10, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)});
    }
    REQUIRE(builder.size() <= namegate::dns::kMaxMessageBytes);
    const auto message = namegate::dns::parse_message(builder.build());
    REQUIRE(message);
    CHECK(namegate::dns::learn(*message).addresses.size() == 4000);
}

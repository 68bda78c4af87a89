// SPDX-License-Identifier: Apache-2.0
//
// Addresses that no name opens (D17), as the programs have them: the same list as dns::NeverOpens.
#include <catch2/catch.hpp>

#include "datapath/settings.h"
#include "dns/never_opens.h"
#include "traffic.h"

using namespace namegate;
using namespace namegate::test;

namespace {

void set_list(Scene& scene, const dns::NeverOpens& list) {
    std::vector<datapath::NeverPrefix> prefixes;
    for (const dns::NeverOpens::Entry& entry : list.entries()) {
        prefixes.push_back({entry.aaaa, entry.bytes, entry.length});
    }
    must(datapath::set_never_opens(scene.datapath(), prefixes));
}

// In an AAAA record, byte for byte: IPv4-mapped when it is IPv4.
Bytes six(std::string_view name, std::string_view address) {
    const auto bytes = IpAddress::parse(address)->bytes();
    return DnsMessage::response(name, kTypeAaaa).ttl(60).record(name, kTypeAaaa, Bytes(bytes.begin(), bytes.end())).build();
}
Bytes four(std::string_view name, std::string_view address) { return DnsMessage::response(name).ttl(60).a(name, address).build(); }

bool taught(Scene& scene, const Bytes& answer, std::uint16_t type) {
    const std::size_t before = scene.learnt().size();
    CHECK(scene.resolve(DnsMessage::query("example.com", type).build(), answer));
    return scene.learnt().size() > before;
}

}  // namespace

TEST_CASE("D17: a name opens no loopback, link-local, multicast, unspecified or IPv4-mapped address", "[D17+][D17-]") {
    Scene scene;
    const dns::NeverOpens standard = dns::NeverOpens::standard();
    set_list(scene, standard);
    scene.apply(domain_policy("example.com"));
    std::uint64_t refused = 0;
    for (const char* address : {"127.0.0.1", "169.254.169.254", "224.0.0.251", "0.0.0.0", "255.255.255.255", "126.0.0.1", "169.253.0.1",
                                "240.0.0.1", "::1", "::", "fe80::1", "ff02::1", "::2", "fec0::1", "203.0.113.9", "127.9.9.9"}) {
        const auto parsed = *IpAddress::parse(address);
        const bool is_v4 = parsed.is_v4();
        INFO(address);
        // The mapped form first: an address that is open already stays open, and the test would not show a refusal.
        for (const bool aaaa : {true, false}) {
            if (!is_v4 && !aaaa) {
                continue;
            }
            const bool refuses = standard.refuses(parsed, is_v4 && aaaa) != nullptr;
            CHECK(taught(scene, aaaa ? six("example.com", address) : four("example.com", address), aaaa ? kTypeAaaa : kTypeA) == !refuses);
            refused += refuses ? 1U : 0U;
            CHECK(scene.count(NG_R_NEVER_OPENS) == refused);
        }
    }
    CHECK_FALSE(scene.connects("169.254.169.254"));
    CHECK(scene.connects("203.0.113.9"));
    // Beside a refused address the good one is open; and the pod always gets its response.
    CHECK(
        scene.resolve(DnsMessage::query("example.com").build(),
                      DnsMessage::response("example.com").ttl(60).a("example.com", "127.0.0.1").a("example.com", "203.0.113.10").build()));
    CHECK(scene.connects("203.0.113.10"));
    CHECK_FALSE(scene.connects("127.0.0.1"));
}

TEST_CASE("D17: a rule with nets allows what no name opens") {
    Scene scene;
    set_list(scene, dns::NeverOpens::standard());
    scene.apply(egress_policy({"{action: Allow, protocol: UDP}", "{action: Allow, destination: {domains: [example.com]}}",
                               "{action: Allow, protocol: TCP, destination: {nets: [169.254.169.254/32]}}"}));
    CHECK_FALSE(taught(scene, four("example.com", "169.254.169.254"), kTypeA));
    CHECK(scene.connects("169.254.169.254"));
    CHECK_FALSE(scene.connects("169.254.169.253"));
}

TEST_CASE("D17: another list replaces the previous one; an empty one refuses nothing") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    dns::NeverOpens list;
    REQUIRE(list.add("203.0.113.0/24"));
    REQUIRE(list.add("2001:db8::/32"));
    set_list(scene, list);
    CHECK(taught(scene, four("example.com", "127.0.0.1"), kTypeA));
    CHECK_FALSE(taught(scene, four("example.com", "203.0.113.1"), kTypeA));
    CHECK_FALSE(taught(scene, six("example.com", "203.0.113.1"), kTypeAaaa));
    CHECK_FALSE(taught(scene, six("example.com", "2001:db8::1"), kTypeAaaa));
    set_list(scene, {});
    CHECK(taught(scene, six("example.com", "203.0.113.1"), kTypeAaaa));
    CHECK(taught(scene, six("example.com", "2001:db8::1"), kTypeAaaa));
    CHECK(scene.count(NG_R_NEVER_OPENS) == 3);
    for (std::size_t i = 0; i < 2; ++i) {
        // The maximum number, twice: the old ones are removed only when the new ones are there.
        dns::NeverOpens full;
        while (full.entries().size() < dns::kMaxNeverOpens) {
            REQUIRE(full.add("10." + std::to_string(i) + "." + std::to_string(full.entries().size()) + ".0/24"));
        }
        set_list(scene, full);
    }
    CHECK_FALSE(datapath::set_never_opens(scene.datapath(), std::vector<datapath::NeverPrefix>(NG_MAX_NEVER_OPENS + 1)));
    CHECK(taught(scene, four("example.com", "10.0.0.1"), kTypeA));
    CHECK_FALSE(taught(scene, four("example.com", "10.1.0.1"), kTypeA));
}

TEST_CASE("D17: what was open before the list had it is removed by the next sweep") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    REQUIRE(scene.resolve("example.com", {"203.0.113.1", "198.51.100.1"}));
    const auto refuses = [](const IpAddress& address) { return address == *IpAddress::parse("203.0.113.1"); };
    const std::uint32_t now = datapath::tick_of(must(datapath::read_clock(scene.datapath())).boot_ns);
    const auto swept = must(datapath::sweep_learnt(scene.datapath(), scene.identity().slot, now, 100, refuses));
    CHECK(swept.removed == 1);
    CHECK(swept.left == 1);
    CHECK(scene.learnt() == std::vector<std::string>{"198.51.100.1"});
}

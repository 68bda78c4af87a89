// SPDX-License-Identifier: Apache-2.0
//
// An IP packet ends where its own length says: bytes after it are padding, and no header is read from them. Fragments do not
// overwrite what was judged, and an ICMP error quotes no more than the RFCs ask for.
#include <catch2/catch.hpp>

#include "support/shortened.h"
#include "traffic.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr std::size_t kLink = 14;
constexpr std::uint16_t kLocal = 50000;

const char* remote_of(bool v6) { return v6 ? "2001:db8::1" : "192.0.2.1"; }

}  // namespace

TEST_CASE("a transport header after the end of the IP packet is not read") {
    const bool v6 = GENERATE(false, true);
    Scene scene;
    scene.apply(egress_policy({"{action: Allow, protocol: TCP, destination: {ports: [443]}}"}) + "---\n" + policy_of("Ingress", {}, "q"));
    const Bytes syn = from_pod(remote_of(v6)).tcp(kLocal, 443, kSyn).build();
    REQUIRE(scene.egress(syn).passed());
    CHECK(scene.egress(shortened(syn, 1)).dropped());
    CHECK(scene.egress(shortened(syn, 12)).dropped());
    CHECK(scene.egress(shortened(syn, 20)).dropped());
    CHECK(scene.egress(from_pod(remote_of(v6)).tcp(kLocal, 443, kAck).truncate(syn.size() - 2).build()).dropped());
    CHECK(scene.count(NG_R_MALFORMED) == 4);
    // A first fragment with eight bytes of payload, and a trailer that claims an ACK of the established flow.
    Bytes first = from_pod(remote_of(v6)).fragment(5, 0, true).tcp(kLocal, 443, kAck).build();
    CHECK(scene.egress(shortened(first, 12)).dropped());
    // Padding, as a link adds it to a short frame, changes nothing.
    Bytes padded = from_pod(remote_of(v6)).tcp(kLocal, 443, kAck).build();
    padded.resize(padded.size() + 6, 0);
    CHECK(scene.egress(padded).passed());
}

TEST_CASE("an extension header or its successor after the end of the IP packet is not read") {
    Scene scene;
    scene.apply(egress_policy({"{action: Allow, protocol: UDP, destination: {ports: [53]}}"}));
    // Destination options in the first fragment, with the ports in a trailer: a receiver that does not follow RFC 7112 would read
    // the ports from the second fragment.
    const Bytes whole = from_pod("2001:db8::1").fragment(5, 0, true).extension(60, {1, 4, 0, 0, 0, 0}).udp(kLocal, 53).build();
    REQUIRE(scene.egress(whole).passed());
    CHECK(scene.egress(shortened(whole, 8)).dropped());
    CHECK(scene.egress(shortened(whole, 12)).dropped());
    CHECK(scene.egress(shortened(whole, 16)).dropped());
}

TEST_CASE("a later fragment that begins before the end of the first is dropped") {
    const bool v6 = GENERATE(false, true);
    Scene scene;
    scene.apply(egress_policy({"{action: Allow, protocol: TCP, destination: {ports: [443]}}"}));
    const auto later = [&](std::uint16_t offset) {
        return scene.egress(from_pod(remote_of(v6)).fragment(9, offset, false).protocol(6).payload(Bytes(64, 'x')).build());
    };
    CHECK(scene.egress(from_pod(remote_of(v6)).fragment(9, 0, true).tcp(kLocal, 443, kSyn).payload(Bytes(44, 'x')).build()).passed());
    CHECK(later(8).dropped());  // over the flags (RFC 3128)
    CHECK(later(56).dropped());
    CHECK(later(64).passed());
}

TEST_CASE("a DNS response ends where its UDP header says") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    const Bytes message = DnsMessage::response("example.com").a("example.com", "203.0.113.1").build();
    const auto answer = [&](int change) {
        REQUIRE(scene.egress(from_pod(kDns4).udp(40000, 53).payload(DnsMessage::query("example.com").build()).build()).passed());
        Bytes frame = to_pod(kDns4).udp(53, 40000).payload(message).build();
        const auto length = static_cast<std::uint16_t>(message.size() + 8 + static_cast<std::size_t>(change));
        frame[kLink + 20 + 4] = static_cast<std::uint8_t>(length >> 8);
        frame[kLink + 20 + 5] = static_cast<std::uint8_t>(length);
        scene.ingress(frame);
        return scene.learnt().size();
    };
    CHECK(answer(-4) == 0);  // the address is after its end
    CHECK(answer(4) == 0);   // longer than the packet: the receiver drops it
    CHECK(answer(0) == 1);
}

TEST_CASE("an ICMP error that quotes too much is judged by policy") {
    const bool v6 = GENERATE(false, true);
    Scene scene;
    scene.apply(egress_policy({"{action: Allow, protocol: TCP, destination: {ports: [443]}}"}) + "---\n" + policy_of("Ingress", {}, "q"));
    REQUIRE(scene.connects(remote_of(v6), 443));
    const std::size_t most = v6 ? 1280 : 576;
    const std::size_t headers = v6 ? 40 + 8 : 20 + 8;
    const auto error = [&](std::size_t bytes, std::size_t cut = 0) {
        Bytes quoted = from_pod(remote_of(v6)).tcp(kLocal, 443, kAck).payload(Bytes(1400, 'x')).build_ip();
        quoted.resize(bytes - headers);
        return scene.ingress(shortened(to_pod(remote_of(v6)).icmp(v6 ? 1 : 3, 1).payload(quoted).build(), cut));
    };
    CHECK(error(most).passed());
    CHECK(error(most + 1).dropped());
    CHECK(error(headers * 2).passed());
    CHECK(error(headers * 2, 1).dropped());  // its ports are after the end
}

TEST_CASE("the fragments of one endpoint evict no other's, and do not pass to the next endpoint in its slot") {
    Scene scene;
    scene.apply(egress_policy({"{action: Allow, protocol: UDP}"}));
    const Bytes half(64, 'x');
    const auto first = [&](const char* to, std::uint32_t id) {
        return scene.egress(from_pod(to).fragment(id, 0, true).udp(kLocal, 9).payload(half).build()).passed();
    };
    const auto later = [&](const char* to, std::uint32_t id) {
        return scene.egress(from_pod(to).fragment(id, 72, false).protocol(17).payload(half).build()).passed();
    };
    const auto active = must(datapath::active_config(scene.datapath(), scene.identity().slot)).value();
    datapath::EndpointPolicies policies;
    policies.egress = active.direction[NG_EGRESS].policy;
    datapath::CounterRoom room(scene.datapath());
    const auto occupy = [&](const datapath::EndpointIdentity& endpoint) {
        must(datapath::unbind_interface(scene.datapath(), kLoopback));
        must(datapath::write_closed(scene.datapath(), endpoint));
        must(datapath::bind_interface(scene.datapath(), kLoopback, endpoint));
        must(datapath::write_policies(scene.datapath(), endpoint, policies, room));
    };
    REQUIRE(first("192.0.2.1", 1));
    REQUIRE(first("2001:db8::1", 1));
    datapath::EndpointIdentity other = scene.identity();
    other.endpoint = must(scene.datapath().next_endpoint_id());
    other.slot = must(datapath::acquire_slot(scene.datapath(), other.endpoint));
    occupy(other);
    for (std::uint32_t i = 0; i < 20000; ++i) {
        first("192.0.2.2", i);
    }
    CHECK_FALSE(later("192.0.2.1", 1));
    occupy(scene.identity());
    CHECK(later("192.0.2.1", 1));
    CHECK(later("2001:db8::1", 1));
    // As many as an endpoint has at a time, except for collisions in one set.
    for (std::uint32_t i = 100; i < 116; ++i) {
        CHECK(first("192.0.2.3", i));
    }
    for (std::uint32_t i = 100; i < 116; ++i) {
        CHECK(later("192.0.2.3", i));
    }
    // The next endpoint has the slot, but not its content.
    other.slot = scene.identity().slot;
    occupy(other);
    CHECK_FALSE(later("192.0.2.1", 1));
    CHECK_FALSE(later("192.0.2.3", 115));
}

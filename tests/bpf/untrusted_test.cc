// SPDX-License-Identifier: Apache-2.0
//
// Untrusted DNS servers: their responses to a pod open nothing, and are counted by endpoint and server.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "datapath/untrusted.h"
#include "traffic.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr const char* kOther4 = "192.0.2.99";
constexpr const char* kOther6 = "2001:db8::99";

Bytes answer() { return DnsMessage::response("example.com").a("example.com", "203.0.113.1").build(); }

// "server responses", of the scene's endpoint.
std::vector<std::string> counted(Scene& scene) {
    std::vector<std::string> out;
    for (const auto& one : must(datapath::read_untrusted(scene.datapath()))) {
        CHECK(one.endpoint == scene.identity().endpoint);
        out.push_back(one.server.to_string() + " " + std::to_string(one.responses));
    }
    return out;
}

using Lines = std::vector<std::string>;

void ask(Scene& scene, const std::string& server, std::uint16_t port = 53, std::uint16_t local = 40000) {
    const Bytes question = DnsMessage::query("example.com").build();
    REQUIRE(scene.egress(from_pod(server).udp(local, port).payload(question).build()).passed());
}

bool replies(Scene& scene, const std::string& server, std::uint16_t port = 53, std::uint16_t local = 40000) {
    return scene.ingress(to_pod(server).udp(port, local).payload(answer()).build()).passed();
}

}  // namespace

TEST_CASE("a UDP response of an untrusted server opens nothing and is counted, by server") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    for (const char* server : {kOther4, kOther4, kOther6}) {
        ask(scene, server);
        REQUIRE(replies(scene, server));
    }
    CHECK(scene.learnt().empty());
    CHECK(counted(scene) == Lines{"192.0.2.99 2", "2001:db8::99 1"});
    const auto entries = must(datapath::read_untrusted(scene.datapath(), scene.identity().endpoint));
    const std::uint32_t now = datapath::tick_of(must(datapath::read_clock(scene.datapath())).boot_ns);
    REQUIRE(entries.size() == 2);
    CHECK(datapath::ticks_between(entries[0].last, now) >= 0);
    CHECK(datapath::ticks_between(entries[0].last, now) < 100);
}

TEST_CASE("an open endpoint's untrusted servers are counted too") {
    Scene scene;
    scene.apply("");
    ask(scene, kOther4);
    REQUIRE(replies(scene, kOther4));
    CHECK(counted(scene) == Lines{"192.0.2.99 1"});
}

TEST_CASE("over TCP, segments with data from an untrusted server are counted") {
    Scene scene;
    scene.apply(egress_policy({"{action: Allow}"}));
    REQUIRE(scene.egress(tcp_out(kOther4, 53)).passed());
    REQUIRE(scene.ingress(tcp_in(kOther4, 53, kSyn | kAck)).passed());
    REQUIRE(scene.ingress(tcp_in(kOther4, 53, kAck)).passed());
    CHECK(counted(scene).empty());
    REQUIRE(scene.ingress(to_pod(kOther4).tcp(53, 50000, kAck | kPsh).payload(answer()).build()).passed());
    CHECK(counted(scene) == Lines{"192.0.2.99 1"});
}

TEST_CASE("what is not a response of an untrusted DNS server to the pod is not counted") {
    Scene scene;
    SECTION("a trusted server, with or without a query, over UDP or TCP") {
        scene.apply(egress_policy({"{action: Allow}"}));
        REQUIRE(scene.resolve("example.com", {"203.0.113.1"}));
        REQUIRE(scene.egress(tcp_out(kDns4, 53)).passed());
        REQUIRE(scene.ingress(to_pod(kDns4).tcp(53, 50000, kAck).payload(answer()).build()).passed());
    }
    SECTION("another port") {
        scene.apply(egress_policy({"{action: Allow}"}));
        ask(scene, kOther4, 5353);
        REQUIRE(replies(scene, kOther4, 5353));
    }
    SECTION("a response that policy drops") {
        scene.apply(egress_policy({kAllowDns}) + "---\n" + policy_of("Ingress", {}, "in"));
        REQUIRE_FALSE(replies(scene, kOther4));
    }
    SECTION("a flow that the other side began: it could name any server") {
        scene.apply(egress_policy({"{action: Allow}"}) + "---\n" + policy_of("Ingress", {"{action: Allow}"}, "in"));
        REQUIRE(replies(scene, kOther4));
        REQUIRE(replies(scene, kOther4));
        REQUIRE(scene.egress(from_pod(kOther4).udp(40000, 53).payload("x").build()).passed());
        REQUIRE(replies(scene, kOther4));
    }
    SECTION("a ping whose identifier is 53") {
        scene.apply(egress_policy({"{action: Allow}"}));
        REQUIRE(scene.egress(icmp_out(kOther4, 8, 0, 53)).passed());
        REQUIRE(scene.ingress(icmp_in(kOther4, 0, 0, 53)).passed());
    }
    CHECK(counted(scene).empty());
}

TEST_CASE("when all places of an endpoint are in use, the server that was silent longest is evicted") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    const auto server = [](unsigned i) { return "198.51.100." + std::to_string(i + 1); };
    for (unsigned i = 0; i < 100; ++i) {
        ask(scene, server(i), 53, static_cast<std::uint16_t>(20000 + i));
        REQUIRE(replies(scene, server(i), 53, static_cast<std::uint16_t>(20000 + i)));
    }
    CHECK(counted(scene).size() == NG_UNTRUSTED_PER_ENDPOINT);

    // All but the third as if they had just responded.
    const int map = must(scene.datapath().map(datapath::MapId::kUntrusted));
    for (std::uint32_t place = 0; place < NG_UNTRUSTED_PER_ENDPOINT; ++place) {
        const ng_untrusted_key key{scene.identity().endpoint, place};
        auto value = must(datapath::map_lookup<ng_untrusted>(map, key)).value();
        value.last -= place == 2 ? 1000U : 10U;
        value.server = datapath::to_ng_addr(*IpAddress::parse("203.0.113." + std::to_string(place)));
        must(datapath::map_update(map, key, value));
    }
    ask(scene, kOther4);
    REQUIRE(replies(scene, kOther4));
    const Lines left = counted(scene);
    REQUIRE(left.size() == NG_UNTRUSTED_PER_ENDPOINT);
    CHECK(left[0] == "192.0.2.99 1");
    CHECK(std::none_of(left.begin(), left.end(), [](const std::string& line) { return line.rfind("203.0.113.2 ", 0) == 0; }));
}

TEST_CASE("a removed endpoint's untrusted servers are removed with it, and no other's") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    ask(scene, kOther4);
    REQUIRE(replies(scene, kOther4));
    const int map = must(scene.datapath().map(datapath::MapId::kUntrusted));
    const std::uint32_t neighbour = scene.identity().endpoint + 1;
    must(
        datapath::map_update(map, ng_untrusted_key{neighbour, 0}, ng_untrusted{datapath::to_ng_addr(*IpAddress::parse(kOther4)), 1, 1, 0}));
    must(datapath::release_slot(scene.datapath(), scene.identity().slot));
    const auto left = must(datapath::read_untrusted(scene.datapath()));
    REQUIRE(left.size() == 1);
    CHECK(left[0].endpoint == neighbour);
}

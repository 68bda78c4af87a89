// SPDX-License-Identifier: Apache-2.0
//
// D13: how long a learned address is open, for which names, and what is left of it afterwards.
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "traffic.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr const char* kAddress = "203.0.113.1";

const std::string kTwoRules = egress_policy({kAllowDns, "{action: Allow, protocol: TCP, destination: {domains: [a.example], ports: [443]}}",
                                             "{action: Allow, protocol: TCP, destination: {domains: [b.example], ports: [80]}}"});

void learn(Scene& scene, std::string_view name, std::uint32_t ttl) {
    REQUIRE(scene.resolve(DnsMessage::query(name).build(), DnsMessage::response(name).ttl(ttl).a(name, kAddress).build()));
}

// Subtracts the time from every expiry of the address, as if it had passed.
void pass_seconds(Scene& scene, std::uint32_t seconds) {
    ng_learnt entry = scene.learnt_entry(kAddress);
    for (std::size_t i = 0; i < entry.count; ++i) {
        entry.expiry[i] -= datapath::ticks_in(seconds);
    }
    const Fd inner = must(scene.datapath().inner_map(datapath::MapId::kLearnt, scene.identity().slot));
    must(datapath::map_update(inner.get(), datapath::to_ng_addr(*IpAddress::parse(kAddress)), entry));
}

datapath::SweepResult sweep(Scene& scene) {
    const std::uint32_t now = datapath::tick_of(must(datapath::read_clock(scene.datapath())).boot_ns);
    return must(datapath::sweep_learnt(scene.datapath(), scene.identity().slot, now, 0));
}

}  // namespace

TEST_CASE("D13: names and rules on one address expire separately") {
    Scene scene;
    scene.apply(kTwoRules);
    learn(scene, "a.example", 60);
    learn(scene, "b.example", 600);
    CHECK(scene.connects(kAddress, 443));
    CHECK(scene.connects(kAddress, 80));
    pass_seconds(scene, 61);
    CHECK_FALSE(scene.connects(kAddress, 443, 50001));
    CHECK(scene.connects(kAddress, 80, 50001));
    // A repeated one is open again; the other keeps its time.
    learn(scene, "a.example", 2000);
    CHECK(scene.connects(kAddress, 443, 50002));
    pass_seconds(scene, 600);
    CHECK(scene.connects(kAddress, 443, 50003));
    CHECK_FALSE(scene.connects(kAddress, 80, 50003));
}

TEST_CASE("D13: an address with a live flow stays listed, open for that flow and closed for new ones") {
    Scene scene;
    scene.apply(kTwoRules);
    learn(scene, "a.example", 60);
    REQUIRE(scene.connects(kAddress, 443));
    REQUIRE(scene.ingress(tcp_in(kAddress, 443, kSyn | kAck)).passed());
    pass_seconds(scene, 61);
    CHECK(sweep(scene).kept_by_flow == 1);
    CHECK(scene.learnt() == std::vector<std::string>{kAddress});
    CHECK(scene.egress(tcp_out(kAddress, 443, kAck)).passed());
    CHECK(scene.ingress(tcp_in(kAddress, 443, kAck)).passed());
    CHECK_FALSE(scene.connects(kAddress, 443, 50001));
    CHECK_FALSE(scene.connects(kAddress, 80, 50001));
    // A rewritten policy that still has the name judges the flow by its name, not by its time.
    scene.apply(kTwoRules + "---\n" + policy_of("Ingress", {}, "q"));
    CHECK(scene.egress(tcp_out(kAddress, 443, kAck)).passed());
    CHECK_FALSE(scene.connects(kAddress, 443, 50002));
    for (const datapath::FlowEntry& flow : scene.flows()) {
        scene.make_idle(flow, NG_IDLE_TCP + 1);
    }
    CHECK(sweep(scene).removed == 1);
    CHECK(scene.learnt().empty());
}

TEST_CASE("D13: the kernel alone closes an address within a second of its expiry") {
    Scene scene;
    scene.set_ttl({0, 0, 86400});
    scene.apply(kTwoRules);
    constexpr double kTtl = 2;
    const auto begin = std::chrono::steady_clock::now();
    const auto elapsed = [&begin] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
    learn(scene, "a.example", 2);
    const double learnt = elapsed();
    double last_open = 0;
    for (std::uint16_t port = 50000; elapsed() < learnt + kTtl + 1; ++port) {
        const double before = elapsed();
        last_open = scene.connects(kAddress, 443, port) ? before : last_open;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    INFO("last open after " << last_open << " s");
    CHECK_FALSE(scene.connects(kAddress, 443, 49999));
    CHECK(last_open > kTtl / 2);
    CHECK(last_open < learnt + kTtl + 0.8);
}

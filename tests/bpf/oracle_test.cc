// SPDX-License-Identifier: Apache-2.0
// The complete path: a naive reading of random policies, their compiled rules, and the verdict of the real programs on real frames
// agree. The long form: NAMEGATE_ROUNDS=1000000.
#include <catch2/catch.hpp>
#include <chrono>
#include <iostream>

#include "datapath/pattern_id.h"
#include "datapath/policy_collection.h"

#include "support/policy_oracle.h"
#include "support/policy_world.h"
#include "support/rounds.h"
#include "support/scene.h"

using namespace namegate;
using namespace namegate::test;
using namespace namegate::policy;
using policy::test::Scenario;

namespace {

constexpr unsigned kPackets = 50;
constexpr unsigned kCollectEvery = 100;  // worlds

bool is_icmp(std::uint8_t protocol) { return protocol == 1 || protocol == 58; }

Bytes frame_of(const PacketView& packet, const IpAddress& local, Direction direction) {
    const bool egress = direction == Direction::kEgress;
    Packet frame;
    egress ? frame.ethernet() : frame.ethernet(kHostMac, kPodMac);
    const std::string remote = packet.remote.to_string();
    egress ? frame.ip(local.to_string(), remote) : frame.ip(remote, local.to_string());
    if (packet.protocol == 6) {
        return frame.tcp(packet.source_port, packet.destination_port).build();
    }
    if (packet.protocol == 17) {
        return frame.udp(packet.source_port, packet.destination_port).payload("hello").build();
    }
    if (is_icmp(packet.protocol)) {
        const auto type = static_cast<std::uint8_t>(packet.destination_port >> 8);
        return frame.icmp(type, static_cast<std::uint8_t>(packet.destination_port & 0xff), 7U << 16).build();
    }
    Bytes body(16, 0);
    body[1] = static_cast<std::uint8_t>(packet.source_port);
    body[3] = static_cast<std::uint8_t>(packet.destination_port);
    return frame.protocol(packet.protocol).payload(body).build();
}

// One endpoint in the kernel, which gets each world's policies in turn.
class Kernel {
  public:
    Kernel() : now_(datapath::tick_of(must(datapath::read_clock(scene_.datapath())).boot_ns)) {}

    void enforce(const Scenario& scenario, const CompiledPolicy& compiled) {
        datapath::EndpointPolicies policies;
        if (must(policy::test::selects_view(scenario.snapshot, scenario.self(), scenario.direction))) {
            const datapath::PolicyId id = must(install_policy(scene_.datapath(), compiled));
            (scenario.direction == Direction::kEgress ? policies.egress : policies.ingress) = id;
        }
        datapath::EndpointIdentity identity = scene_.identity();
        identity.addresses = scenario.self().addresses;
        must(write_policies(scene_.datapath(), identity, policies));
        if (++worlds_ % kCollectEvery == 0) {
            must(datapath::collect_with_lock_held(scene_.datapath(), {}));
        }
    }

    bool passes(const Scenario& scenario, const CompiledPolicy& compiled, const PacketView& packet) {
        const std::uint32_t slot = scene_.identity().slot;
        bool learnt = false;
        for (const DomainPattern& pattern : find_candidates(compiled, packet).opened) {
            datapath::LearntFill fill;
            fill.address = packet.remote;
            fill.pattern = datapath::pattern_id(scene_.datapath().seed(), pattern);
            fill.expiry = now_ + datapath::ticks_in(86400);
            must(must(datapath::LearntWriter::open(scene_.datapath(), slot)).insert(fill, now_));
            learnt = true;
        }
        const Bytes frame = frame_of(packet, scenario.local(packet), scenario.direction);
        const bool passed = (scenario.direction == Direction::kEgress ? scene_.egress(frame) : scene_.ingress(frame)).passed();
        if (learnt) {
            const Fd inner = must(scene_.datapath().inner_map(datapath::MapId::kLearnt, slot));
            must(datapath::map_erase(inner.get(), datapath::to_ng_addr(packet.remote)));
        }
        if (passed) {
            forget_flows();
        }
        return passed;
    }

  private:
    // The next packet is a first one again.
    void forget_flows() {
        const Fd inner = must(scene_.datapath().inner_map(datapath::MapId::kFlows, scene_.identity().slot));
        for (const datapath::FlowEntry& flow : scene_.flows()) {
            must(datapath::map_erase(inner.get(), flow.key));
        }
    }

    Scene scene_;
    std::uint32_t now_;
    unsigned worlds_ = 0;
};

// Returns how many packets were compared: a packet that the pod would send to itself is skipped.
unsigned compare(Kernel& kernel, unsigned seed) {
    Scenario scenario(seed);
    const auto compiled = scenario.compiled();
    INFO("seed " << seed << (compiled ? std::string() : compiled.error().message()));
    REQUIRE(compiled.has_value());
    kernel.enforce(scenario, *compiled);
    unsigned compared = 0;
    for (unsigned i = 0; i < kPackets; ++i) {
        const PacketView packet = scenario.packet();
        const IpAddress local = scenario.local(packet);
        if (packet.remote == local) {
            continue;
        }
        ++compared;
        const bool expected =
            policy::test::naive_allows({&scenario.snapshot, &scenario.endpoints, &scenario.self(), scenario.direction, local, packet});
        const Verdict verdict = evaluate(*compiled, packet);
        const bool passed = kernel.passes(scenario, *compiled, packet);
        if (verdict.allowed != expected || passed != expected) {
            INFO("packet " << i << ", remote " << packet.remote.to_string() << " protocol " << int(packet.protocol) << " ports "
                           << packet.source_port << " " << packet.destination_port << ", compiled: " << verdict.allowed << " by "
                           << compiled->rules[verdict.rule].origin.text << ", kernel: " << passed);
            REQUIRE(verdict.allowed == expected);
            REQUIRE(passed == expected);
        }
    }
    return compared;
}

}  // namespace

TEST_CASE("the programs, the compiled rules and a naive reading agree") {
    const Rounds cases = rounds("naive reading, compiled rules and programs, packets", 20'000);
    const auto start = std::chrono::steady_clock::now();
    Kernel kernel;
    unsigned long compared = 0;
    for (auto seed = static_cast<unsigned>(cases.seed); compared < cases.count; ++seed) {
        compared += compare(kernel, seed);
    }
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start).count();
    std::cout << compared << " packets in " << seconds << " s, 0 differences\n";
}

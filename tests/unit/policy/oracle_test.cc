// SPDX-License-Identifier: Apache-2.0
// Compiled rules against a naive reading of the resources. tests/bpf/oracle_test.cc continues with the programs.
#include <catch2/catch.hpp>

#include "support/policy_oracle.h"
#include "support/policy_world.h"
#include "support/rounds.h"

using namespace namegate;
using namespace namegate::policy;
using namespace namegate::policy::test;
using namegate::test::Rounds;
using namegate::test::rounds;

namespace {

constexpr unsigned kPackets = 20;

void compare(unsigned seed, bool with_tls_names) {
    Scenario scenario(seed, with_tls_names);
    const auto compiled = scenario.compiled();
    const auto preview = scenario.compiled(true);
    INFO("seed " << seed << (compiled ? std::string() : compiled.error().message()));
    REQUIRE(compiled.has_value());
    REQUIRE(preview.has_value());
    for (unsigned i = 0; i < kPackets; ++i) {
        const PacketView packet = scenario.packet();
        Question question{&scenario.snapshot, &scenario.endpoints, &scenario.self(), scenario.direction, scenario.local(packet), packet};
        question.tls_names = scenario.tls_names;
        for (const auto& [policy, staged] : {std::pair(&*compiled, false), std::pair(&*preview, true)}) {
            question.preview = staged;
            const bool expected = naive_allows(question);
            const Verdict verdict = evaluate(*policy, packet);
            if (verdict.allowed != expected) {
                INFO("packet " << i << ", remote " << packet.remote.to_string() << " protocol " << int(packet.protocol) << " ports "
                               << packet.source_port << " " << packet.destination_port << ", preview " << staged << ", decided by "
                               << policy->rules[verdict.rule].origin.text);
                REQUIRE(verdict.allowed == expected);
            }
        }
    }
}

}  // namespace

TEST_CASE("compiled rules mean what a naive reading of the resources means") {
    const Rounds packets = rounds("compiled rules against a naive reading, packets", 30'000);
    const unsigned long worlds = packets.count / kPackets;
    for (unsigned long i = 0; i < worlds; ++i) {
        compare(static_cast<unsigned>(packets.seed + i), i % 2 == 0);
    }
}

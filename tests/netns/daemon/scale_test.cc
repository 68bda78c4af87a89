// SPDX-License-Identifier: Apache-2.0
// The cost of a change depends on what changed: many endpoints, policies and sets, of which one file is changed.
// tests/bench/scale.cc is the long form, with figures.
#include <catch2/catch.hpp>

#include "support/large_node.h"

namespace namegate::test {
namespace {

constexpr LargeNodeShape kSmall{20, 60, 4, 5};

std::set<unsigned> touched(const std::vector<ng_endpoint_config>& before, const std::vector<ng_endpoint_config>& after) {
    std::set<unsigned> out;
    for (unsigned i = 0; i < before.size(); ++i) {
        if (std::memcmp(&before[i], &after[i], sizeof before[i]) != 0) {
            out.insert(i);
        }
    }
    return out;
}

TEST_CASE("a changed file is in force on every endpoint that it affects, and touches no other") {
    LargeNode node(kSmall);
    node.start();
    const auto first = node.configs();
    for (const unsigned policy : {3U, 42U}) {
        const auto before = node.configs();
        node.until_in_force(node.affected(policy), node.sets_change(policy, 1));
        CHECK(touched(before, node.configs()) == node.affected(policy));
        const auto between = node.configs();
        node.until_in_force(node.affected(policy), node.policy_change(policy, 8443));
        CHECK(touched(between, node.configs()) == node.affected(policy));
    }
    // Back to the former state: other files written again unchanged change nothing, and neither does a restart.
    const auto before = node.configs();
    for (unsigned policy = 20; policy < 30; ++policy) {
        node.write_policy(policy, 443);
        node.write_sets(policy, 0);
    }
    node.until_in_force(node.affected(42), node.sets_change(42, 2));
    CHECK(touched(before, node.configs()) == node.affected(42));
    const auto last = node.configs();
    node.daemon().stop(SIGKILL);
    node.start();
    CHECK(touched(last, node.configs()).empty());
    CHECK(touched(first, last).size() > 1);
}

}  // namespace
}  // namespace namegate::test

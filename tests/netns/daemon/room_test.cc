// SPDX-License-Identifier: Apache-2.0
// The maps have no space for the new policies beside those that they replace.
#include <catch2/catch.hpp>

#include "datapath/bpf/abi.h"
#include "support/large_node.h"

namespace namegate::test {
namespace {

constexpr unsigned kEndpoints = 40;
constexpr unsigned kRules = 1000;
static_assert(kEndpoints * (kRules + 2) < NG_RULE_TABLE && 2 * kEndpoints * kRules > NG_RULE_TABLE);

// A policy for one endpoint, so that no two endpoints share compiled content.
std::string many_rules(unsigned endpoint, unsigned version) {
    const std::string number = std::to_string(endpoint);
    std::string text = "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: many-" + number +
                       "}\nspec:\n  selector: app == \"app-" + number + "\"\n  types: [Egress]\n  egress:\n";
    for (unsigned i = 0; i < kRules; ++i) {
        text += "  - {action: Allow, destination: {nets: [10." + number + "." + std::to_string(i / 200) + "." + std::to_string(version) +
                "/32]}}\n";
    }
    return text;
}

TEST_CASE("policies without space beside those they replace come in force when these are removed") {
    LargeNode node({kEndpoints, LargeNode::kZones, 1, 1});
    const auto write = [&](unsigned version) {
        for (unsigned i = 0; i < kEndpoints; ++i) {
            DaemonNode::write(node.daemon().policies() + "/many-" + std::to_string(i) + ".yaml", many_rules(i, version));
        }
    };
    write(1);
    node.start();
    node.daemon().stop(SIGTERM);
    // All of them at once: the daemon finds them changed when it starts.
    const auto before = node.configs();
    write(2);
    node.start();
    CHECK(eventually(
        [&] {
            const auto now = node.configs();
            for (unsigned i = 0; i < kEndpoints; ++i) {
                if (now[i].direction[NG_EGRESS].policy == before[i].direction[NG_EGRESS].policy) {
                    return false;
                }
            }
            return true;
        },
        std::chrono::seconds(20)));
}

}  // namespace
}  // namespace namegate::test

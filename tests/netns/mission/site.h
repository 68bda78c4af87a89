// SPDX-License-Identifier: Apache-2.0
//
// The place of one test: a world, a node, and policies in short form. The node is made last and removed first.
#pragma once

#include <string>
#include <vector>

#include "node.h"
#include "support/world.h"

namespace namegate::test {

struct Site {
    explicit Site(const std::string& settings = "") : world(kPods4, kPods6), node(settings) {}

    World world;
    Node node;
};

// A GlobalNetworkPolicy: the selected pods may use DNS and reach the domains, and nothing else.
inline std::string allow_domains(const std::string& name, const std::string& selector, const std::vector<std::string>& domains) {
    std::string list;
    for (const std::string& domain : domains) {
        list += (list.empty() ? "\"" : ", \"") + domain + "\"";
    }
    return "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata:\n  name: " + name + "\nspec:\n  selector: " + selector +
           "\n  types: [Egress]\n  egress:\n  - action: Allow\n    protocol: UDP\n    destination:\n      ports: [53]\n"
           "  - action: Allow\n    destination:\n      domains: [" +
           list + "]\n---\n";
}

}  // namespace namegate::test

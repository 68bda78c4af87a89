// SPDX-License-Identifier: Apache-2.0
//
// Why a compiled policy gives a packet its verdict, and what would change it: the rules that were asked, in
// order, each with what it did not take. Reads the same compiled rules as the datapath. Pure; cannot fail.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "policy/compiler/compiled_policy.h"
#include "policy/compiler/evaluate.h"

namespace namegate::policy {

// What is asked: the packet, and how the other side was named. Names of the packet are judged as if they had just been looked
// up; what is open now is in its patterns.
struct ExplainInput {
    PacketView packet;
    std::string host;     // the address or name, as people call it
    std::string service;  // "TCP port 443"
    bool by_name = false;
};

struct ExplainedRule {
    std::size_t rule = 0;
    bool matched = false;
    std::string why;  // what it did not take; empty when it matched
};

struct Explanation {
    Verdict verdict;
    std::vector<ExplainedRule> path;  // every rule that was asked; the last one decided
    std::string reason;
    std::vector<std::string> advice;  // what would make it allowed; empty when it is
    // `verdict` allows it by a name of the packet, and nothing that is open now does: that name is still to be looked up.
    bool after_lookup = false;
};

Explanation explain(const CompiledPolicy& policy, const ExplainInput& input);

// "GlobalNetworkPolicy default.allow-egress[1]", "the end of tier default"
std::string rule_name(const CompiledRule& rule);

}  // namespace namegate::policy

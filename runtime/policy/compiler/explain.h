// SPDX-License-Identifier: Apache-2.0
//
// Explains the verdict of a compiled policy for a packet: the rules that were evaluated, in order, why each did not match,
// and what would change the verdict. Reads the same compiled rules as the datapath. Pure; cannot fail.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "policy/compiler/compiled_policy.h"
#include "policy/compiler/evaluate.h"

namespace namegate::policy {

// The packet, and how the user named the other side. The names of the packet count as if they had just been looked up; its
// patterns are those that are open now.
//
// A name that is asked for counts as the TLS name that a connection will show, if the packet has none.
struct ExplainInput {
    PacketView packet;
    std::string host;     // the address or name, as text
    std::string service;  // "TCP port 443"
    bool by_name = false;
    // For the suggested rule; empty: the host.
    std::vector<std::string> nets{};
    bool is_dns_query = false;  // looking up another name is no advice then
};

struct ExplainedRule {
    std::size_t rule = 0;
    bool matched = false;
    std::string why;  // why it did not match; of the deciding Allow rule: why it denies the packet (T5); else empty
};

struct Explanation {
    Verdict verdict;
    std::vector<ExplainedRule> path;  // every rule that was evaluated; the last one decided
    std::string reason;
    std::vector<std::string> advice;  // what would make the packet allowed; empty if it is
    // The packet is allowed only after the endpoint has looked up one of its names; what is open now does not allow it.
    bool after_lookup = false;
};

Explanation explain(const CompiledPolicy& policy, const ExplainInput& input);

}  // namespace namegate::policy

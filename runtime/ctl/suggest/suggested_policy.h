// SPDX-License-Identifier: Apache-2.0
//
// The policies that `suggest` prints, as values, made from what endpoints did: one for each set of labels. Pure; cannot fail.
// docs/suggest.md says by which rules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ctl/suggest/activity.h"

namespace namegate::ctl {

struct SuggestOptions {
    bool include_denied = false;  // allow what was denied
    bool wildcards = false;
    bool missing_only = false;  // --diff: leave out what a rule of a policy allowed
};

// A domain or net of a rule, with what was seen of it.
struct SuggestedTarget {
    std::string text;
    std::string comment;
};

struct SuggestedRule {
    std::uint8_t protocol = 0;
    std::vector<std::string> ports;  // numbers or ranges; none: the protocol has none
    bool domains = false;            // the targets are domains, not nets
    bool dns = false;                // queries to DNS servers
    std::vector<SuggestedTarget> targets;
};

struct SuggestedPolicy {
    std::string name;
    std::string name_space;              // empty: of all namespaces
    std::string selector;                // empty: no label selects these endpoints
    std::vector<std::string> endpoints;  // by name
    std::vector<SuggestedRule> rules;
    std::vector<std::string> denied;  // what is not allowed because it was denied, in words
    std::uint64_t incoming = 0;       // flows of the other direction
};

std::vector<SuggestedPolicy> suggest_policies(const Activity& activity, const SuggestOptions& options);

}  // namespace namegate::ctl

// SPDX-License-Identifier: Apache-2.0
//
// Finds rules that allow or pass something and have matched no packet for a day, although their policy selects endpoints: probably they
// are wrong, or no longer needed. A rule that denies may well never match. Checks one policy at a time, in rounds. Owns its memory only.
// One thread; cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "daemon/matched_rules.h"
#include "daemon/seen_endpoints.h"
#include "daemon/warnings/warning_log.h"
#include "policy/model/resources.h"

namespace namegate::daemon {

inline constexpr std::uint64_t kUnusedRuleSeconds = 86'400;

class UnusedRules {
  public:
    using RuleKey = MatchedRules::RuleKey;

    explicit UnusedRules(const Clock& clock) : clock_(clock) {}

    void begin();
    // `matched`: the rules that have matched a packet, as far as the endpoints of the moment know.
    void check(const policy::Policy& policy, const Selected& selected, const std::set<RuleKey>& matched);
    // Ends the round: its warnings replace those of the last one.
    void end();

    // One for each policy.
    const std::vector<Warning>& warnings() const { return shown_; }
    // The rules that the warnings are about.
    std::size_t rules() const { return rules_; }

  private:
    struct Use {
        std::size_t content = 0;  // hash of the rules; when it changes, the time begins again
        std::uint64_t since = 0;  // boot_ns
        std::uint64_t round = 0;  // the last round in which the policy existed and selected an endpoint
        std::set<RuleKey> matched;
    };

    const Clock& clock_;
    std::map<std::string, Use> policies_;
    std::uint64_t round_ = 0;
    std::vector<Warning> next_;
    std::size_t next_rules_ = 0;
    std::vector<Warning> shown_;
    std::size_t rules_ = 0;
};

}  // namespace namegate::daemon

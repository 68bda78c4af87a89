// SPDX-License-Identifier: Apache-2.0
//
// Which rules of the policies in force have matched a packet, by the counters of the endpoints that have them now. A value; one thread.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/result.h"
#include "endpoints/record.h"
#include "policy/model/resources.h"

namespace namegate::daemon {

class Node;

class MatchedRules {
  public:
    using RuleKey = std::pair<policy::Direction, int>;  // a rule's place in its policy

    // Reads the counters of one endpoint, in both directions.
    Result<> add(Node& node, const endpoints::Record& record);
    // Of the rules of this policy.
    const std::set<RuleKey>& of(const policy::Policy& policy) const;

  private:
    Result<> add(Node& node, const endpoints::Record& record, policy::Direction direction);

    std::map<std::pair<std::string, std::string>, std::set<RuleKey>> policies_;  // by kind and name
};

// The rules in the document. One entry there may have become several rules.
std::set<MatchedRules::RuleKey> rules_of(const policy::Policy& policy);

}  // namespace namegate::daemon

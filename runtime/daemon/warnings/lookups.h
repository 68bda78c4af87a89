// SPDX-License-Identifier: Apache-2.0
//
// Which domains of each policy some endpoint has looked up since the daemon started, from the responses that the learner reads.
// Owns its memory only, which is limited: at the limit every domain counts as looked up, so that there is no false warning.
// One thread; cannot fail.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/compiler/compiled_policy.h"
#include "policy/model/snapshot.h"

namespace namegate::daemon {

inline constexpr std::size_t kMaxLookedUpDomains = 65'536;  // of all policies

class Lookups {
  public:
    explicit Lookups(std::size_t limit = kMaxLookedUpDomains) : limit_(limit) {}

    // An endpoint with the compiled policy `egress` looked up these names. The cost grows with the labels of a name, not with
    // the number of patterns in the policy.
    void note(const policy::CompiledPolicy& egress, const std::vector<std::string>& names);
    void note(const policy::Policy& policy, const policy::DomainPattern& domain);
    bool has(const policy::Policy& policy, const policy::DomainPattern& domain) const;
    // Forgets policies that are no longer in force.
    void keep(const policy::Snapshot& snapshot);

  private:
    using Key = std::pair<std::string, std::string>;  // kind and name of the policy
    void note(const policy::CompiledPolicy& egress, const policy::PatternEntry& entry);
    void add(Key key, const policy::DomainPattern& domain);

    std::size_t limit_;
    std::size_t count_ = 0;
    std::map<Key, std::set<policy::DomainPattern>> domains_;
};

}  // namespace namegate::daemon

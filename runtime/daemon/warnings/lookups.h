// SPDX-License-Identifier: Apache-2.0
//
// Which domains of which policies some endpoint has looked up since the daemon started, by the answers that the learner sees.
// Owns its memory only. Bounded: when it is full it says of every domain that it was looked up, so that nobody is told
// what is not so. One thread; cannot fail.
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
    explicit Lookups(std::size_t most = kMaxLookedUpDomains) : most_(most) {}

    // These names were looked up by an endpoint whose egress is judged by `egress`: one lookup a suffix, however many
    // patterns the policy has.
    void note(const policy::CompiledPolicy& egress, const std::vector<std::string>& names);
    void note(const policy::Policy& policy, const policy::DomainPattern& domain);
    bool has(const policy::Policy& policy, const policy::DomainPattern& domain) const;
    // Forgets policies that are not in force any more.
    void keep(const policy::Snapshot& snapshot);

  private:
    using Key = std::pair<std::string, std::string>;  // kind and name of the policy
    void note(const policy::CompiledPolicy& egress, const policy::PatternEntry& entry);
    void add(Key key, const policy::DomainPattern& domain);

    std::size_t most_;
    std::size_t count_ = 0;
    std::map<Key, std::set<policy::DomainPattern>> domains_;
};

}  // namespace namegate::daemon

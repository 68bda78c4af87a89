// SPDX-License-Identifier: Apache-2.0
//
// Writes compiled policies into the kernel's maps. Policies with equal content are stored once. The catalogue `policies`
// says which bitmaps and rules belong to which policy; an entry without a content hash is incomplete (policy_catalogue.h). Node
// lock held. A failed install leaves nothing that is in use.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "datapath/extents.h"
#include "datapath/loader.h"
#include "policy/compiler/compiled_policy.h"

namespace namegate::datapath {

using PolicyId = std::uint32_t;  // 0: no policy; everything passes

struct PolicyImage;
struct PolicyPlace;

// Reads the catalogue once and installs several policies. Must not outlive the node lock; no other process may install or
// remove policies meanwhile.
class PolicyWriter {
  public:
    static Result<PolicyWriter> open(Datapath& datapath);

    // Returns the id of the policy, which is found by its content or written. kExhausted names the full map. `before`
    // is the policy that this one replaces, if any: if it is installed, names that both share need no lookup.
    Result<PolicyId> install(const policy::CompiledPolicy& policy, const policy::CompiledPolicy* before = nullptr);
    // Whether more than half of a table is in use, including policies that are no longer in force.
    bool nearly_full() const;

  private:
    explicit PolicyWriter(Datapath& datapath) : datapath_(&datapath) {}
    void list(PolicyId id, const ng_policy& entry);
    Result<PolicyPlace> find_place(const policy::CompiledPolicy& policy) const;
    // The names of a policy that are not in the map `suffixes`.
    struct Names {
        std::vector<std::uint64_t> keys;
        std::vector<ng_suffix> values;
    };
    Result<Names> missing_names(const policy::CompiledPolicy& policy, const PolicyImage& image, const policy::CompiledPolicy* before);
    Result<> put(const PolicyImage& image, const Names& names);
    void withdraw(PolicyId id, const PolicyImage& image, const Names& names);

    Datapath* datapath_;
    std::map<std::array<std::uint64_t, 2>, PolicyId> whole_;  // complete policies by content hash
    Extents bitmaps_;
    Extents rules_;
    std::size_t policies_ = 0;
    std::size_t patterns_ = 0;                 // patterns of all policies
    std::size_t pattern_room_ = 0;             // maximum number of entries in the map
    std::unordered_set<std::uint64_t> names_;  // known to be in the map, without a hash collision
};

// What endpoints need of the policy: its direction and its filter. kNotFound when it is not installed.
Result<ng_policy> installed_policy(Datapath& datapath, PolicyId id);
Result<std::vector<PolicyId>> installed_policies(Datapath& datapath);

}  // namespace namegate::datapath

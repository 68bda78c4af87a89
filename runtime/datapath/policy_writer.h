// SPDX-License-Identifier: Apache-2.0
//
// Compiled policies in the kernel's maps. Policies with equal content are one; the catalogue `policies`
// says which bitmaps and rules belong to whom, and an entry without content hash is one whose writer died.
// Node lock held. An install that fails leaves nothing that is in use.
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

using PolicyId = std::uint32_t;  // 0: no policy, everything is allowed

struct PolicyImage;
struct PolicyPlace;

// For who installs several: what is installed is read once. Lives no longer than the node lock is held, and nobody else
// installs or removes meanwhile.
class PolicyWriter {
  public:
    static Result<PolicyWriter> open(Datapath& datapath);

    // The policy's id, found by its content or written anew. kExhausted names the map that is full. `before`: what it
    // replaces, if anything; names that an installed one shares with it are there already.
    Result<PolicyId> install(const policy::CompiledPolicy& policy, const policy::CompiledPolicy* before = nullptr);
    // More than half of a table is in use, by what is in force and by what is not any more.
    bool nearly_full() const;

  private:
    explicit PolicyWriter(Datapath& datapath) : datapath_(&datapath) {}
    void list(PolicyId id, const ng_policy& entry);
    Result<PolicyPlace> find_place(const policy::CompiledPolicy& policy) const;
    // What the map `suffixes` lacks of the policy's names.
    struct Names {
        std::vector<std::uint64_t> keys;
        std::vector<ng_suffix> values;
    };
    Result<Names> missing_names(const policy::CompiledPolicy& policy, const PolicyImage& image, const policy::CompiledPolicy* before);
    Result<> put(const PolicyImage& image, const Names& names);
    void withdraw(PolicyId id, const PolicyImage& image, const Names& names);

    Datapath* datapath_;
    std::map<std::array<std::uint64_t, 2>, PolicyId> whole_;  // by content
    Extents bitmaps_;
    Extents rules_;
    std::size_t policies_ = 0;
    std::size_t patterns_ = 0;                 // of all
    std::size_t pattern_room_ = 0;             // entries that the map can hold
    std::unordered_set<std::uint64_t> names_;  // known to be there, and to be what their hash says
};

// How endpoints refer to it; kNotFound when it is not installed.
Result<ng_direction> policy_direction(Datapath& datapath, PolicyId id);
Result<std::vector<PolicyId>> installed_policies(Datapath& datapath);

}  // namespace namegate::datapath

// SPDX-License-Identifier: Apache-2.0
//
// Compiled policies in the kernel's maps. Policies with equal content are one; the catalogue `policies`
// says which bitmaps and rules belong to whom, and an entry without content hash is one whose writer died.
// No state of its own. Node lock held. An install that fails leaves nothing that is in use.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "base/result.h"
#include "datapath/loader.h"
#include "policy/compiled_policy.h"

namespace namegate::datapath {

using PolicyId = std::uint32_t;  // 0: no policy, everything is allowed

// The policy's id, found by its content or written anew. kExhausted names the map that is full.
Result<PolicyId> install_policy(Datapath& datapath, const policy::CompiledPolicy& policy);
// Removes every policy that is neither in `in_use` nor in an endpoint's configuration, the leftovers of
// writers that died, and the suffixes that no pattern needs any more. Returns how many policies went.
Result<std::size_t> remove_unused_policies(Datapath& datapath, const std::set<PolicyId>& in_use);
// How endpoints refer to it; kNotFound when it is not installed.
// Returns when no program runs any more that began before the call: it may still look at what was in force then.
void wait_for_programs();
Result<ng_direction> policy_direction(Datapath& datapath, PolicyId id);
Result<std::vector<PolicyId>> installed_policies(Datapath& datapath);

}  // namespace namegate::datapath

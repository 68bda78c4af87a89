// SPDX-License-Identifier: Apache-2.0
//
// Removes compiled policies that nobody uses, the leftovers of writers that died, and the names that no pattern needs any
// more. All tables are looked through for that, which takes a good part of a second on a large node, so the node lock is
// held for a few milliseconds at a time only:
//   1. with the lock, what nobody uses loses its content in the catalogue: from then on nobody can come to use it;
//   2. without, its entries go: its id is never used again; then the catalogue entries, and with them what they reserve,
//      all but one;
//   3. without, the names are found that no pattern has; with the lock, some at a time, those of them go that nobody has
//      come to need since;
//   4. the last catalogue entry goes.
// Whoever dies in between leaves something of step 1 in the catalogue, where the next collection finds it.
// Thread rule as Datapath's.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <set>

#include "base/file.h"
#include "base/result.h"
#include "datapath/loader.h"
#include "datapath/policy_writer.h"

namespace namegate::datapath {

struct Collected {
    std::size_t policies = 0;
    std::size_t names = 0;
    std::chrono::microseconds longest_hold{0};  // of the lock
};

// Waits for the node lock.
using TakeLock = std::function<Result<FileLock>()>;

// kTryAgain: policies come so quickly that the names could not be told; all else is done, and the next collection goes on.
Result<Collected> collect_unused_policies(Datapath& datapath, const TakeLock& take_lock);

// The same at one go, for who holds the node lock and can make others wait. Nothing of `in_use` goes.
Result<Collected> remove_unused_policies(Datapath& datapath, const std::set<PolicyId>& in_use);

}  // namespace namegate::datapath

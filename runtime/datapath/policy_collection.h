// SPDX-License-Identifier: Apache-2.0
//
// Garbage collection of compiled policies that no endpoint uses, of leftovers of dead writers, and of names that no
// pattern uses any more. It must scan all tables, which takes a large part of a second on a large node, so it holds the
// node lock only for a few milliseconds at a time:
//   1. With the lock, unused policies lose their content hash in the catalogue. From then on no endpoint can start to use
//      them.
//   2. Without the lock, their entries are erased, which is safe because ids are never reused. Then all their catalogue
//      entries but one are erased, which frees the space that they reserve.
//   3. Without the lock, the names that no pattern uses are found. With the lock, they are erased in portions, except those
//      that a new policy uses meanwhile.
//   4. The last catalogue entry is erased.
// A process that dies in between leaves an entry without content hash in the catalogue, so the next collection resumes.
// Thread rule as for Datapath.
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
    std::chrono::microseconds longest_hold{0};  // the longest time for which the lock was held
};

// Waits for the node lock and returns it.
using TakeLock = std::function<Result<FileLock>()>;

// kTryAgain: policies were installed too quickly to determine the unused names. Everything else is done, and the next
// collection resumes.
Result<Collected> collect_unused_policies(Datapath& datapath, const TakeLock& take_lock);

// The same for a caller that holds the node lock and may keep others waiting: the lock stays held throughout. Policies in
// `in_use` stay.
Result<Collected> collect_with_lock_held(Datapath& datapath, const std::set<PolicyId>& in_use);

}  // namespace namegate::datapath

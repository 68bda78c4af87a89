// SPDX-License-Identifier: Apache-2.0
#include "daemon/upkeep/policy_collector.h"

#include <algorithm>

#include "base/file.h"
#include "base/log.h"
#include "datapath/policy_collection.h"

namespace namegate::daemon {

namespace {

// When a collection starts.
constexpr std::uint64_t kDelayNs = 5'000'000'000;      // after the last change
constexpr std::uint64_t kMaxDelayNs = 60'000'000'000;  // at most, after the first change
constexpr unsigned kLockMs = 10'000;
// Exit status of the child.
constexpr int kRemoved = 0;
constexpr int kFailed = 1;
constexpr int kNothing = 2;
constexpr int kAgain = 3;  // policies were removed, but not yet their names

// Runs in the child, with the daemon's map descriptors.
int collect(datapath::Datapath& datapath, const std::string& lock_path) {
    const auto collected = datapath::collect_unused_policies(datapath, [&] { return FileLock::acquire(lock_path, kLockMs); });
    if (!collected && collected.error().code() == Code::kTryAgain) {
        log::debug("unused names not removed yet", {log::kv("why", collected.error().message())});
        return kAgain;
    }
    if (!collected) {
        log::warning("unused policies not removed", {log::kv("error", collected.error().message())});
        return kFailed;
    }
    if (collected->policies == 0) {
        return kNothing;
    }
    log::info("unused policies removed", {log::kv("policies", collected->policies), log::kv("names", collected->names),
                                          log::kv("longest_lock_us", collected->longest_hold.count())});
    return kRemoved;
}

}  // namespace

void PolicyCollector::note_garbage() {
    const std::uint64_t now = clock_.boot_ns();
    if (due_at_ns_ == 0) {
        garbage_since_ns_ = now;
    }
    due_at_ns_ = std::min(now + kDelayNs, garbage_since_ns_ + kMaxDelayNs);
}

std::optional<Result<bool>> PolicyCollector::tick() {
    std::optional<Result<bool>> result;
    if (const auto status = child_.poll(); status) {
        const bool removed = *status == kRemoved || *status == kAgain;
        if (!removed && *status != kNothing) {
            result = Error(Code::kIo, "unused policies were not removed; see the log");
        } else {
            result = removed;
        }
        if (*status == kAgain || !*result) {
            note_garbage();
        }
    }
    if (due_at_ns_ != 0 && clock_.boot_ns() >= due_at_ns_ && !child_.runs()) {
        due_at_ns_ = 0;
        if (const auto started = child_.start([this] { return collect(datapath_, lock_path_); }); !started) {
            note_garbage();
            result = started.error();
        }
    }
    return result;
}

}  // namespace namegate::daemon

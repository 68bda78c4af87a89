// SPDX-License-Identifier: Apache-2.0
#include "daemon/policy_collector.h"

#include <algorithm>

#include "base/file.h"
#include "base/log.h"
#include "datapath/policy_collection.h"

namespace namegate::daemon {

namespace {

constexpr std::uint64_t kDelayNs = 5'000'000'000;    // after the last change,
constexpr std::uint64_t kAtMostNs = 60'000'000'000;  // or after the first
constexpr unsigned kLockMs = 10'000;
constexpr int kFailed = 1;

// In the child, through the daemon's descriptors of the maps.
int collect(datapath::Datapath& datapath, const std::string& lock_path) {
    const auto collected = datapath::collect_unused_policies(datapath, [&] { return FileLock::acquire(lock_path, kLockMs); });
    if (!collected) {
        log::warning("unused policies are still there", {log::kv("error", collected.error().message())});
        return kFailed;
    }
    if (collected->policies > 0) {
        log::info("unused policies removed", {log::kv("policies", collected->policies), log::kv("names", collected->names),
                                              log::kv("longest_lock_us", collected->longest_hold.count())});
    }
    return 0;
}

}  // namespace

void PolicyCollector::note_garbage() {
    const std::uint64_t now = clock_.boot_ns();
    if (due_at_ns_ == 0) {
        garbage_since_ns_ = now;
    }
    due_at_ns_ = std::min(now + kDelayNs, garbage_since_ns_ + kAtMostNs);
}

std::optional<Result<>> PolicyCollector::tick() {
    std::optional<Result<>> news;
    if (const auto status = child_.poll(); status) {
        news = *status == 0 ? ok() : Result<>(Error(Code::kIo, "unused policies were not removed; the log says why"));
        if (!*news) {
            note_garbage();
        }
    }
    if (due_at_ns_ != 0 && clock_.boot_ns() >= due_at_ns_ && !child_.runs()) {
        due_at_ns_ = 0;
        if (const auto started = child_.start([this] { return collect(datapath_, lock_path_); }); !started) {
            note_garbage();
            news = started;
        }
    }
    return news;
}

}  // namespace namegate::daemon

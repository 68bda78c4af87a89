// SPDX-License-Identifier: Apache-2.0
#include "daemon/upkeep/cache_saver.h"

#include <linux/close_range.h>
#include <unistd.h>

#include "base/log.h"

namespace namegate::daemon {

namespace {

constexpr int kFailed = 1;

// Runs in the child. Closes the daemon's descriptors, because otherwise the child could keep its socket or a lock open after the
// daemon's end.
int save(const dns::NameCache& cache, const std::string& path, std::string_view scope) {
    ::close_range(STDERR_FILENO + 1, ~0U, 0);
    const auto saved = cache.save(path, scope);
    if (!saved) {
        log::error("name cache not saved", {log::kv("error", saved.error().message())});
    }
    return saved ? 0 : kFailed;
}

}  // namespace

Result<> CacheSaver::start(const dns::NameCache& cache, const std::string& path, std::string_view scope) {
    return child_.start([&] { return save(cache, path, scope); });
}

std::optional<Result<>> CacheSaver::outcome(std::optional<int> status) {
    if (!status) {
        return std::nullopt;
    }
    return *status == 0 ? ok() : Result<>(Error(Code::kIo, "the name cache was not saved; see the log"));
}

}  // namespace namegate::daemon

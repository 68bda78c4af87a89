// SPDX-License-Identifier: Apache-2.0
#include "daemon/cache_saver.h"

#include <linux/close_range.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/child_process.h"
#include "base/log.h"

namespace namegate::daemon {

namespace {

constexpr int kFailed = 1;

// In the child. It must hold nothing of the daemon's open: a socket that seems to be listened on, a lock.
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
    if (child_ > 0) {
        return ok();
    }
    NG_ASSIGN(child_, start_child([&] { return save(cache, path, scope); }));
    return ok();
}

std::optional<Result<>> CacheSaver::reap(int options) {
    if (child_ <= 0) {
        return std::nullopt;
    }
    int status = 0;
    pid_t ended = 0;
    do {
        ended = ::waitpid(child_, &status, options);
    } while (ended < 0 && errno == EINTR);
    if (ended == 0) {
        return std::nullopt;
    }
    child_ = -1;
    if (ended < 0) {
        return sys_error("waitpid", errno);
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return Error(Code::kIo, "the name cache was not saved; the log says why");
    }
    return ok();
}

std::optional<Result<>> CacheSaver::poll() { return reap(WNOHANG); }
std::optional<Result<>> CacheSaver::wait() { return reap(0); }

}  // namespace namegate::daemon

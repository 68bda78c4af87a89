// SPDX-License-Identifier: Apache-2.0
#include "daemon/upkeep/background_child.h"

#include <linux/close_range.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/child_process.h"
#include "base/log.h"

namespace namegate::daemon {

namespace {

constexpr int kLost = 127;  // the child was reaped elsewhere; its status is unknown

}  // namespace

BackgroundChild::~BackgroundChild() { kill(); }

Result<> BackgroundChild::start(const std::function<int()>& work) {
    if (!runs()) {
        NG_ASSIGN(child_, start_child(work));
    }
    return ok();
}

void BackgroundChild::kill() {
    if (runs()) {
        ::kill(child_, SIGKILL);
        static_cast<void>(wait());
    }
}

Result<> BackgroundChild::start_writing(const std::function<Result<>()>& write, const char* failed) {
    return start([&] {
        ::close_range(STDERR_FILENO + 1, ~0U, 0);
        const Result<> written = write();
        if (!written) {
            log::error(failed, {log::kv("error", written.error().message())});
        }
        return written ? 0 : 1;
    });
}

std::optional<int> BackgroundChild::reap(bool wait) {
    if (!runs()) {
        return std::nullopt;
    }
    int status = 0;
    pid_t ended = 0;
    do {
        ended = ::waitpid(child_, &status, wait ? 0 : WNOHANG);
    } while (ended < 0 && errno == EINTR);
    if (ended == 0) {
        return std::nullopt;
    }
    child_ = -1;
    if (ended < 0) {
        return kLost;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace namegate::daemon

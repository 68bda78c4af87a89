// SPDX-License-Identifier: Apache-2.0
//
// Does work that would block the event loop in a forked child, which sees the memory as it was at the fork. At most one child at
// a time. Owns the child and kills it when it is destroyed. One thread. The child's failure is its exit status.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>

#include "base/result.h"

namespace namegate::daemon {

class BackgroundChild {
  public:
    BackgroundChild() = default;
    ~BackgroundChild();
    BackgroundChild(const BackgroundChild&) = delete;
    BackgroundChild& operator=(const BackgroundChild&) = delete;
    BackgroundChild(BackgroundChild&&) = delete;
    BackgroundChild& operator=(BackgroundChild&&) = delete;

    bool runs() const { return child_ > 0; }
    // Starts a child that runs `work` and exits with what it returns. Does nothing while a child runs.
    Result<> start(const std::function<int()>& work);
    // Starts a child that only writes files, without the daemon's descriptors: it could keep the daemon's socket or a lock open after
    // the daemon's end. It logs a failure as `failed`, and then exits with a status other than 0.
    Result<> start_writing(const std::function<Result<>()>& write, const char* failed);
    // The exit status, or 128 + the signal, of a child that has ended since the last call. Empty: none has.
    std::optional<int> poll() { return reap(false); }
    // The same, but waits for the child's end.
    std::optional<int> wait() { return reap(true); }
    // Kills the child and reaps it.
    void kill();

  private:
    std::optional<int> reap(bool wait);

    pid_t child_ = -1;
};

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
//
// Work that would hold up the event loop, done by a child process, a still picture of this one. At most one at a time.
// Owns the child: it dies with us. One thread.
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
    // What `work` returns is the child's exit status. While one runs, nothing begins.
    Result<> start(const std::function<int()>& work);
    // The exit status, or 128 + the signal, of one that has ended since; nothing: there is no news.
    std::optional<int> poll() { return reap(false); }
    // The same, after waiting for its end.
    std::optional<int> wait() { return reap(true); }
    // Ends it at once.
    void kill();

  private:
    std::optional<int> reap(bool wait);

    pid_t child_ = -1;
};

}  // namespace namegate::daemon

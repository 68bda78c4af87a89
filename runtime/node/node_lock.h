// SPDX-License-Identifier: Apache-2.0
//
// The node lock. Its holder may change endpoint records and the kernel's state of endpoints, settings and policies. It is a file
// lock: one process of daemon and plugins holds it at a time, and it ends with the process. Functions that need it have a
// `const NodeLock&` parameter. Acquiring blocks for at most the given time.
#pragma once

#include <utility>

#include "base/file.h"
#include "base/result.h"
#include "config/config.h"

namespace namegate::node {

class NodeLock {
  public:
    // Longer than a loaded node needs for all pods that start at the same time, and shorter than the time a runtime
    // waits for a call.
    static constexpr unsigned kPatientMs = 30'000;

    // kTryAgain: another process still holds it after `timeout_ms`.
    static Result<NodeLock> acquire(const config::Config& config, unsigned timeout_ms) {
        NG_ASSIGN(FileLock lock, FileLock::acquire(config.lock_path(), timeout_ms).with_context("the node lock"));
        return NodeLock(std::move(lock));
    }

  private:
    explicit NodeLock(FileLock lock) : lock_(std::move(lock)) {}
    FileLock lock_;
};

}  // namespace namegate::node

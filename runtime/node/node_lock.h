// SPDX-License-Identifier: Apache-2.0
//
// The lock of a node: whoever holds it may change endpoint records, and what the kernel holds of endpoints, settings and
// policies. It is a file lock, so it excludes the daemon, plugins and other processes alike, and goes with the process. Functions
// that need it take a `const NodeLock&`. Acquiring blocks for at most the given time.
#pragma once

#include <utility>

#include "base/file.h"
#include "base/result.h"
#include "config/config.h"

namespace namegate::node {

class NodeLock {
  public:
    // Longer than a loaded node takes for as many pods as start on it at once, and shorter than a runtime waits for a call.
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

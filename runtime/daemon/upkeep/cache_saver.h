// SPDX-License-Identifier: Apache-2.0
//
// Saves the name cache without blocking the daemon: a child process writes the file and exits. At most one child at a time. Call
// wait() before you write the file in another way, because the child would overwrite it. Owns the child. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "daemon/upkeep/background_child.h"
#include "dns/name_cache.h"

namespace namegate::daemon {

class CacheSaver {
  public:
    CacheSaver() = default;
    ~CacheSaver() { static_cast<void>(wait()); }
    CacheSaver(const CacheSaver&) = delete;
    CacheSaver& operator=(const CacheSaver&) = delete;
    CacheSaver(CacheSaver&&) = delete;
    CacheSaver& operator=(CacheSaver&&) = delete;

    // Starts a child. Does nothing while a child runs.
    Result<> start(const dns::NameCache& cache, const std::string& path, std::string_view scope);
    // The result of a child that has ended since the last call. Empty: none has.
    std::optional<Result<>> poll() { return outcome(child_.poll()); }
    // The same, but waits for the child's end.
    std::optional<Result<>> wait() { return outcome(child_.wait()); }

  private:
    static std::optional<Result<>> outcome(std::optional<int> status);

    BackgroundChild child_;
};

}  // namespace namegate::daemon

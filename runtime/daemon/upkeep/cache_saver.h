// SPDX-License-Identifier: Apache-2.0
//
// Saves the name cache without a pause: a child process writes the file and ends. At most one at a time; it is waited for
// before a save that has to be the last. One thread.
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

    // Starts a child; while one writes, nothing.
    Result<> start(const dns::NameCache& cache, const std::string& path, std::string_view scope);
    // How a child fared that has ended since; nothing: there is no news.
    std::optional<Result<>> poll() { return outcome(child_.poll()); }
    // The same, after waiting for the child's end.
    std::optional<Result<>> wait() { return outcome(child_.wait()); }

  private:
    static std::optional<Result<>> outcome(std::optional<int> status);

    BackgroundChild child_;
};

}  // namespace namegate::daemon

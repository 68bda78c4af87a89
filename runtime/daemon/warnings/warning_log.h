// SPDX-License-Identifier: Apache-2.0
//
// Which warnings were logged: each once when it first appears, and again when it comes back after it had gone. Owns its
// memory only, bounded: what does not fit is not logged, which is said once. One thread; cannot fail.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace namegate::daemon {

inline constexpr std::size_t kMaxLoggedWarnings = 1024;

struct Warning {
    const char* event;    // as the log calls it: "DNS server not trusted"
    std::string subject;  // what it is about; with the event, what makes it the same one as before
    std::string text;
};

class WarningLog {
  public:
    explicit WarningLog(std::size_t most = kMaxLoggedWarnings) : most_(most) {}

    // Of all warnings there are now those to log.
    std::vector<Warning> fresh(const std::vector<Warning>& all);

  private:
    std::size_t most_;
    std::set<std::string> told_;
    bool told_full_ = false;
};

}  // namespace namegate::daemon

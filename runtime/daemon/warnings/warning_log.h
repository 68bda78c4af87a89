// SPDX-License-Identifier: Apache-2.0
//
// Decides which warnings are logged: each once when it appears, and again when it reappears after it was gone. Owns its memory
// only, which is limited: further warnings are not logged, and that is logged once. One thread; cannot fail.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace namegate::daemon {

inline constexpr std::size_t kMaxLoggedWarnings = 1024;

struct Warning {
    const char* event;    // the log message, such as "DNS server not trusted"
    std::string subject;  // what the warning is about; event and subject identify a warning
    std::string text;
};

class WarningLog {
  public:
    explicit WarningLog(std::size_t limit = kMaxLoggedWarnings) : limit_(limit) {}

    // Returns the warnings to log, from all that exist now.
    std::vector<Warning> fresh(const std::vector<Warning>& all);

  private:
    std::size_t limit_;
    std::set<std::string> logged_;
    bool logged_full_ = false;
};

}  // namespace namegate::daemon

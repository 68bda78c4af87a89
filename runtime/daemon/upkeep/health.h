// SPDX-License-Identifier: Apache-2.0
//
// The reasons why the daemon is not healthy, by subject. Each change is logged once; `status` shows a problem until the subject
// recovers. Owns its memory only. One thread; cannot fail.
#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace namegate::daemon {

class Health {
  public:
    // Reports the result of the last work on the subject.
    void report(const std::string& subject, const Result<>& result);
    // Empty: healthy.
    const std::map<std::string, std::string>& problems() const { return problems_; }

  private:
    std::map<std::string, std::string> problems_;
};

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/warnings/warning_log.h"

#include <utility>

namespace namegate::daemon {

std::vector<Warning> WarningLog::fresh(const std::vector<Warning>& all) {
    const auto key_of = [](const Warning& warning) { return std::string(warning.event) + "\n" + warning.subject; };
    std::set<std::string> logged;
    for (const Warning& warning : all) {
        if (auto known = logged_.extract(key_of(warning)); !known.empty()) {
            logged.insert(std::move(known));
        }
    }
    std::vector<Warning> out;
    bool full = false;
    for (const Warning& warning : all) {
        std::string key = key_of(warning);
        if (logged.count(key) != 0) {
            continue;
        }
        if (logged.size() >= limit_) {
            full = true;
            continue;
        }
        logged.insert(std::move(key));
        out.push_back(warning);
    }
    if (full && !logged_full_) {
        out.push_back({"too many warnings to log all", "", "see: namegatectl status"});
    }
    logged_full_ = full;
    logged_ = std::move(logged);
    return out;
}

}  // namespace namegate::daemon

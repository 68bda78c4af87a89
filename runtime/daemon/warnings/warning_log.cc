// SPDX-License-Identifier: Apache-2.0
#include "daemon/warnings/warning_log.h"

#include <utility>

namespace namegate::daemon {

std::vector<Warning> WarningLog::fresh(const std::vector<Warning>& all) {
    const auto key_of = [](const Warning& warning) { return std::string(warning.event) + "\n" + warning.subject; };
    std::set<std::string> told;
    for (const Warning& warning : all) {
        if (auto known = told_.extract(key_of(warning)); !known.empty()) {
            told.insert(std::move(known));
        }
    }
    std::vector<Warning> out;
    bool full = false;
    for (const Warning& warning : all) {
        std::string key = key_of(warning);
        if (told.count(key) != 0) {
            continue;
        }
        if (told.size() >= most_) {
            full = true;
            continue;
        }
        told.insert(std::move(key));
        out.push_back(warning);
    }
    if (full && !told_full_) {
        out.push_back({"more warnings than are logged", "", "see: namegatectl status"});
    }
    told_full_ = full;
    told_ = std::move(told);
    return out;
}

}  // namespace namegate::daemon

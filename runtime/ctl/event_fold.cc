// SPDX-License-Identifier: Apache-2.0
#include "ctl/event_fold.h"

#include <utility>

#include "ctl/grouped.h"

namespace namegate::ctl {

std::vector<std::string> EventFold::add(const std::string& time, const std::string& line, Moment now, const std::string& rest) {
    std::vector<std::string> out = expire(now);
    const auto known = lines_.find(line);
    if (known != lines_.end()) {
        known->second.count += 1;
        known->second.last_time = time;
        return out;
    }
    if (lines_.size() < kMaxFoldedLines) {
        lines_.emplace(line, Folded{0, time, now});
    }
    out.push_back(time + " " + line + rest);
    return out;
}

// A line that was repeated stays folded for another 5 s.
std::vector<std::string> EventFold::expire(Moment now) {
    std::vector<std::string> out;
    for (auto next = lines_.begin(); next != lines_.end();) {
        Folded& folded = next->second;
        if (now != Moment::max() && now - folded.since < kFoldTime) {
            ++next;
            continue;
        }
        if (folded.count == 0) {
            next = lines_.erase(next);
            continue;
        }
        out.push_back(folded.last_time + " " + next->first + "  x" + grouped(std::to_string(folded.count)) + " more in " +
                      std::to_string(kFoldTime.count()) + " s");
        folded.count = 0;
        folded.since = now;
        ++next;
    }
    return out;
}

}  // namespace namegate::ctl

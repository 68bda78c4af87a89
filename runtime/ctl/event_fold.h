// SPDX-License-Identifier: Apache-2.0
//
// Folds floods of events: the first event of a kind is printed at once, equal ones within the next 5 s only as one line with their
// number. Events are equal if their lines are, but for the time and what only the first one shows. Owns a limited number of such lines;
// over it, events are not folded. A value; time is passed in. One thread; cannot fail.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace namegate::ctl {

inline constexpr std::chrono::seconds kFoldTime{5};
inline constexpr std::size_t kMaxFoldedLines = 1024;

class EventFold {
  public:
    using Moment = std::chrono::steady_clock::time_point;

    // `time`: of the event, for people; `line`: what it has in common with equal ones; `rest`: the rest. Returns the lines to print
    // now.
    std::vector<std::string> add(const std::string& time, const std::string& line, Moment now, const std::string& rest = {});
    // Returns the lines whose 5 s are over. Call it about every second.
    std::vector<std::string> expire(Moment now);
    // Returns all lines that are still folded.
    std::vector<std::string> finish() { return expire(Moment::max()); }

  private:
    struct Folded {
        std::size_t count = 0;  // not printed yet
        std::string last_time;
        Moment since;  // of the window
    };
    std::map<std::string, Folded> lines_;
};

}  // namespace namegate::ctl

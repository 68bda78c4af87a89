// SPDX-License-Identifier: Apache-2.0
//
// Splits a stream into lines while it arrives. Owns the line that is incomplete. One thread; nothing blocks or fails.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace namegate::kubernetes {

class LineReader {
  public:
    // A line without its end. Too long: only its first bytes. False: the stream is of no use any more.
    using TakeLine = std::function<bool(std::string_view line, bool too_long)>;

    LineReader(std::size_t max_bytes, TakeLine take) : max_bytes_(max_bytes), take_(std::move(take)) {}

    // False: a line was of no use, and the rest is not read.
    bool feed(std::string_view bytes) {
        while (!bytes.empty()) {
            const std::size_t end = bytes.find('\n');
            keep(bytes.substr(0, end));
            if (end == std::string_view::npos) {
                return true;
            }
            bytes.remove_prefix(end + 1);
            const std::string line = std::exchange(line_, {});
            if (!take_(line, std::exchange(too_long_, false))) {
                return false;
            }
        }
        return true;
    }

  private:
    void keep(std::string_view bytes) {
        const std::size_t room = max_bytes_ - line_.size();
        too_long_ = too_long_ || bytes.size() > room;
        line_ += bytes.substr(0, room);
    }

    std::size_t max_bytes_;
    TakeLine take_;
    std::string line_;
    bool too_long_ = false;
};

}  // namespace namegate::kubernetes

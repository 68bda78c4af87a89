// SPDX-License-Identifier: Apache-2.0
#include "ctl/source_line.h"

#include <algorithm>
#include <cstddef>

#include "ctl/printable.h"

namespace namegate::ctl {

namespace {

constexpr std::size_t kShown = 120;   // bytes of a line
constexpr std::size_t kBefore = 80;   // at most this many of them before the place
constexpr const char* kMore = "...";  // marks a part that is left out

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; }

// Moves back to the start of a UTF-8 character.
std::size_t boundary(std::string_view line, std::size_t at) {
    while (at > 0 && at < line.size() && is_continuation(line[at])) {
        --at;
    }
    return std::min(at, line.size());
}

}  // namespace

std::string_view SourceLines::line_of(const policy::Place& place) {
    if (file_ != place.file) {
        file_ = place.file;
        lines_.clear();
        const auto found = std::find_if(files_.begin(), files_.end(), [&](const policy::CheckInput& file) { return file.path == file_; });
        std::string_view rest = found == files_.end() ? std::string_view() : std::string_view(found->content);
        while (!rest.empty()) {
            const std::size_t end = rest.find('\n');
            lines_.push_back(rest.substr(0, end));
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        }
    }
    const auto number = static_cast<std::size_t>(place.line);
    std::string_view line = place.line < 1 || number > lines_.size() ? std::string_view() : lines_[number - 1];
    if (!line.empty() && line.back() == '\r') {
        line.remove_suffix(1);
    }
    return line;
}

std::string SourceLines::excerpt(const policy::Place& place, std::string_view mark, std::string_view plain) {
    const std::string_view line = line_of(place);
    const std::size_t at = static_cast<std::size_t>(std::max(place.column, 1)) - 1;
    if (line.empty() || place.column < 1 || at > line.size()) {
        return {};
    }
    const std::size_t from = boundary(line, at > kBefore ? at - kBefore : 0);
    const std::size_t to = boundary(line, from + kShown);
    const std::string number = std::to_string(place.line);
    const std::string before = (from > 0 ? kMore : "") + printable(line.substr(from, at - from));
    const std::string after = printable(line.substr(at, to - at)) + (to < line.size() ? kMore : "");
    std::string out = "  " + number + " | " + before + after + "\n";
    out.append(2 + number.size(), ' ').append(" | ").append(width_of(before), ' ').append(mark).append("^").append(plain).append("\n");
    return out;
}

}  // namespace namegate::ctl

// SPDX-License-Identifier: Apache-2.0
#include "ctl/wrap.h"

#include <algorithm>

#include "ctl/printable.h"

namespace namegate::ctl {

namespace {

// The bytes of the first `count` characters.
std::size_t bytes_of(std::string_view text, std::size_t count) {
    std::size_t at = 0;
    while (at < text.size() && count > 0) {
        ++at;
        while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80) {
            ++at;
        }
        --count;
    }
    return at;
}

// Where to end a line of at most `most` bytes.
std::size_t break_at(std::string_view text, std::size_t most) {
    // The space may stand right behind the line.
    if (const std::size_t space = text.rfind(' ', most); space != std::string_view::npos && space > 0) {
        return space;
    }
    const std::size_t mark = text.find_last_of("/,-.:", most - 1);
    return mark == std::string_view::npos ? most : mark + 1;
}

}  // namespace

std::vector<std::string> wrap_text(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    while (width_of(text) > std::max<std::size_t>(width, 1)) {
        const std::size_t end = break_at(text, bytes_of(text, std::max<std::size_t>(width, 1)));
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end);
        if (!text.empty() && text.front() == ' ') {
            text.remove_prefix(1);
        }
    }
    lines.emplace_back(text);
    return lines;
}

std::vector<std::string> fold_list(const std::vector<std::string>& items, std::size_t width) {
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const bool last = i + 1 == items.size();
        const std::string item = items[i] + (last ? "" : ",");
        if (!lines.empty() && width_of(lines.back()) + width_of(item) <= width) {
            lines.back() += item;
            continue;
        }
        const std::vector<std::string> more = wrap_text(item, width);
        const std::size_t space = last ? kMaxListLines : kMaxListLines - 1;  // the last line may be needed for the count
        if (i > 0 && lines.size() + more.size() > space) {
            lines.push_back("+" + std::to_string(items.size() - i) + " more");
            return lines;
        }
        lines.insert(lines.end(), more.begin(), more.end());
    }
    return lines.empty() ? std::vector<std::string>{""} : lines;
}

}  // namespace namegate::ctl

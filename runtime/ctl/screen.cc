// SPDX-License-Identifier: Apache-2.0
#include "ctl/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace namegate::ctl {

namespace {

// The number in a variable of the environment; `fallback` if there is none.
std::size_t variable_or(const char* name, std::size_t fallback) {
    // No thread changes the environment. NOLINTNEXTLINE(concurrency-mt-unsafe)
    const char* value = std::getenv(name);
    const std::string_view text = value == nullptr ? "" : value;
    std::size_t number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && number > 0 ? number : fallback;
}

}  // namespace

Screen screen_of_stdout() {
    if (::isatty(STDOUT_FILENO) != 1) {
        return {};
    }
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) {
        size = {};
    }
    return {variable_or("COLUMNS", size.ws_col), variable_or("LINES", size.ws_row)};
}

}  // namespace namegate::ctl

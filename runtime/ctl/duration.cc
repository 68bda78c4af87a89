// SPDX-License-Identifier: Apache-2.0
#include "ctl/duration.h"

#include <charconv>
#include <string>

namespace namegate::ctl {

namespace {

constexpr std::uint32_t kYear = 366 * 86'400;

}  // namespace

Result<std::uint32_t> parse_duration(std::string_view text) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    const std::uint32_t factor = unit.empty() || unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : unit == "d" ? 86'400 : 0;
    if (error != std::errc() || factor == 0 || number == 0 || number > kYear / factor) {
        return Error(Code::kInvalidInput, "\"" + std::string(text) + "\" is not a time such as 30s, 15m, 2h or 1d");
    }
    return number * factor;
}

}  // namespace namegate::ctl

// SPDX-License-Identifier: Apache-2.0
#include "base/utc_text.h"

#include <array>
#include <ctime>

namespace namegate {

std::string format_utc(std::int64_t seconds, const char* format) {
    const auto time = static_cast<std::time_t>(seconds);
    std::tm parts{};
    std::array<char, 64> text{};
    ::gmtime_r(&time, &parts);
    return std::string(text.data(), std::strftime(text.data(), text.size(), format, &parts));
}

std::string utc_text(std::int64_t seconds) { return seconds == 0 ? std::string() : format_utc(seconds, "%Y-%m-%dT%H:%M:%SZ"); }

}  // namespace namegate

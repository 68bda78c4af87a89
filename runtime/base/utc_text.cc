// SPDX-License-Identifier: Apache-2.0
#include "base/utc_text.h"

#include <array>
#include <ctime>

namespace namegate {

std::string utc_text(std::int64_t seconds) {
    const auto time = static_cast<std::time_t>(seconds);
    std::tm parts{};
    std::array<char, 32> text{};
    ::gmtime_r(&time, &parts);
    return seconds == 0 ? std::string() : std::string(text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts));
}

}  // namespace namegate

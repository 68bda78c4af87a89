// SPDX-License-Identifier: Apache-2.0
#include "ctl/printable.h"

#include <array>

namespace namegate::ctl {

std::size_t width_of(std::string_view text) {
    std::size_t width = 0;
    for (const char c : text) {
        width += (static_cast<unsigned char>(c) & 0xc0U) != 0x80 ? 1 : 0;
    }
    return width;
}

std::string duration_text(unsigned long long seconds) {
    struct Unit {
        unsigned long long seconds;
        const char* name;
    };
    constexpr std::array<Unit, 4> kUnits = {{{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}}};
    for (std::size_t i = 0; i + 1 < kUnits.size(); ++i) {
        if (seconds >= kUnits[i].seconds) {
            const unsigned long long rest = seconds % kUnits[i].seconds / kUnits[i + 1].seconds;
            return std::to_string(seconds / kUnits[i].seconds) + kUnits[i].name +
                   (rest == 0 ? "" : std::to_string(rest) + kUnits[i + 1].name);
        }
    }
    return std::to_string(seconds) + "s";
}

}  // namespace namegate::ctl

// SPDX-License-Identifier: Apache-2.0
//
// Large numbers for people. Pure.
#pragma once

#include <cstddef>
#include <string>

namespace namegate::ctl {

// Decimal digits with a comma before each group of three: "1240" -> "1,240".
inline std::string grouped(std::string digits) {
    for (std::size_t place = digits.size(); place > 3; place -= 3) {
        digits.insert(place - 3, ",");
    }
    return digits;
}

}  // namespace namegate::ctl

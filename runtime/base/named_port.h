// SPDX-License-Identifier: Apache-2.0
//
// A name that an endpoint gives to one of its ports. A value.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace namegate {

struct NamedPort {
    std::string name;
    std::uint8_t protocol = 6;  // IP protocol number
    std::uint16_t port = 0;

    auto operator<=>(const NamedPort&) const = default;
};

}  // namespace namegate

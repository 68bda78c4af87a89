// SPDX-License-Identifier: Apache-2.0
//
// Ethernet hardware addresses and their text form. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace namegate {

using Mac = std::array<std::uint8_t, 6>;

// "02:00:5e:10:00:01".
std::string mac_to_text(const Mac& mac);
// Accepts this form in any letter case; otherwise returns nothing.
std::optional<Mac> mac_from_text(std::string_view text);

}  // namespace namegate

// SPDX-License-Identifier: Apache-2.0
//
// Hardware addresses of Ethernet as text. Values; pure.
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
// In this form, of any letter case; nothing when it is another.
std::optional<Mac> mac_from_text(std::string_view text);

}  // namespace namegate

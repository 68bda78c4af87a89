// SPDX-License-Identifier: Apache-2.0
#include "base/mac.h"

#include <cstddef>

namespace namegate {
namespace {

constexpr std::size_t kMacTextBytes = 17;

std::optional<unsigned> hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return static_cast<unsigned>(c - 'a') + 10U;
    }
    if (c >= 'A' && c <= 'F') {
        return static_cast<unsigned>(c - 'A') + 10U;
    }
    return std::nullopt;
}

}  // namespace

std::string mac_to_text(const Mac& mac) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : mac) {
        if (!text.empty()) {
            text += ':';
        }
        text += kHex[byte >> 4];
        text += kHex[byte & 15U];
    }
    return text;
}

std::optional<Mac> mac_from_text(std::string_view text) {
    Mac mac{};
    if (text.size() != kMacTextBytes) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < mac.size(); ++i) {
        const auto high = hex_digit(text[3 * i]);
        const auto low = hex_digit(text[3 * i + 1]);
        if (!high || !low || (i + 1 < mac.size() && text[3 * i + 2] != ':')) {
            return std::nullopt;
        }
        mac[i] = static_cast<std::uint8_t>(*high << 4 | *low);
    }
    return mac;
}

}  // namespace namegate

// SPDX-License-Identifier: Apache-2.0
//
// Base64 (RFC 4648), as the fields *-data of a kubeconfig have it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace namegate::kubernetes {

// Skips line breaks and spaces. Empty: not base64.
inline std::optional<std::string> base64_decoded(std::string_view text) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    constexpr unsigned kDigitBits = 6;
    constexpr unsigned kByteBits = 8;
    constexpr unsigned kGroup = 4;
    std::string out;
    std::uint32_t bits = 0;
    unsigned count = 0;  // of bits that are not in `out` yet
    unsigned digits = 0;
    unsigned padding = 0;
    for (const char c : text) {
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
            continue;
        }
        if (c == '=') {
            ++padding;
            continue;
        }
        const std::size_t digit = kDigits.find(c);
        if (digit == std::string_view::npos || padding != 0) {
            return std::nullopt;
        }
        ++digits;
        bits = (bits << kDigitBits) | static_cast<std::uint32_t>(digit);
        count += kDigitBits;
        if (count >= kByteBits) {
            count -= kByteBits;
            out += static_cast<char>((bits >> count) & 0xffU);
        }
    }
    const bool whole = (digits + padding) % kGroup == 0 && padding <= 2;
    return whole ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace namegate::kubernetes

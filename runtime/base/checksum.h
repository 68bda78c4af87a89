// SPDX-License-Identifier: Apache-2.0
//
// A checksum for files: the same in every build and on every machine. Detects damaged and partly written files, not
// forgery. Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace namegate {

// Mixes in eight bytes at a time and then the length, so that trailing zeros change the sum.
inline std::uint64_t checksum_of(std::string_view bytes) {
    constexpr std::uint64_t kPrime = 0x9e3779b97f4a7c15ULL;
    constexpr std::size_t kWord = 8;
    std::uint64_t sum = 0xcbf29ce484222325ULL;
    const auto mix = [&sum](std::uint64_t word) {
        sum = (sum ^ word) * kPrime;
        sum ^= sum >> 32U;
    };
    const auto word_of = [](const char* at, std::size_t size) {
        std::uint64_t word = 0;
        for (std::size_t i = 0; i < size; ++i) {
            word |= std::uint64_t{static_cast<unsigned char>(at[i])} << (8 * i);
        }
        return word;
    };
    const std::size_t whole = bytes.size() - bytes.size() % kWord;
    for (std::size_t at = 0; at < whole; at += kWord) {
        mix(word_of(bytes.data() + at, kWord));  // of constant size, so that it compiles to one load
    }
    if (whole != bytes.size()) {
        mix(word_of(bytes.data() + whole, bytes.size() - whole));
    }
    mix(bytes.size());
    return sum;
}

// In 16 hexadecimal digits.
inline std::string hex_of(std::uint64_t value) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (unsigned shift = 64; shift > 0; shift -= 4) {
        out += kDigits[value >> (shift - 4) & 0xfU];
    }
    return out;
}

}  // namespace namegate

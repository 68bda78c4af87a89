// SPDX-License-Identifier: Apache-2.0
//
// A checksum of content that outlives the process: the same in every build and on every machine. Against rot and half-written
// files, not against forgers. Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace namegate {

// Eight bytes at a time, with the length at the end, so that zeros behind the content count.
inline std::uint64_t checksum_of(std::string_view bytes) {
    constexpr std::uint64_t kPrime = 0x9e3779b97f4a7c15ULL;
    constexpr std::size_t kWord = 8;
    std::uint64_t sum = 0xcbf29ce484222325ULL;
    const auto take = [&sum](std::uint64_t word) {
        sum = (sum ^ word) * kPrime;
        sum ^= sum >> 32U;
    };
    for (std::size_t at = 0; at < bytes.size(); at += kWord) {
        std::uint64_t word = 0;
        const std::string_view part = bytes.substr(at, kWord);
        for (std::size_t i = 0; i < part.size(); ++i) {
            word |= std::uint64_t{static_cast<unsigned char>(part[i])} << (8 * i);
        }
        take(word);
    }
    take(bytes.size());
    return sum;
}

}  // namespace namegate

// SPDX-License-Identifier: Apache-2.0
#include "endpoints/host_interface_name.h"

#include <array>
#include <charconv>
#include <cstddef>

namespace namegate::endpoints {
namespace {

constexpr std::size_t kDigits = 11;
constexpr std::size_t kAllDigits = 16;

// The finaliser of SplitMix64: every bit of `hash` affects the top bits, which the name uses.
std::uint64_t mix(std::uint64_t hash) {
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ULL;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebULL;
    return hash ^ (hash >> 31);
}

// FNV-1a.
std::uint64_t add(std::uint64_t hash, std::string_view text) {
    for (const char byte : text) {
        hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
    }
    return hash;
}

}  // namespace

std::uint64_t endpoint_hash(std::string_view container_id, std::string_view ifname) {
    const std::uint64_t first = mix(add(0xcbf29ce484222325ULL, container_id));
    return mix(add(first ^ container_id.size(), ifname));
}

std::string host_interface_name(std::string_view container_id, std::string_view ifname) {
    std::array<char, kAllDigits> digits{};
    const auto [end, status] = std::to_chars(digits.data(), digits.data() + digits.size(), endpoint_hash(container_id, ifname), 16);
    static_cast<void>(status);  // 16 digits always fit
    std::string hex(digits.data(), end);
    hex.insert(0, kAllDigits - hex.size(), '0');
    return "ng" + hex.substr(0, kDigits);
}

}  // namespace namegate::endpoints

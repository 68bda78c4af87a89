// SPDX-License-Identifier: Apache-2.0
//
// The IP protocols in policies (D2): numbers, names, and which have ports. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace namegate::policy {

inline constexpr std::uint8_t kProtocolIcmp = 1;
inline constexpr std::uint8_t kProtocolTcp = 6;
inline constexpr std::uint8_t kProtocolUdp = 17;
inline constexpr std::uint8_t kProtocolIcmp6 = 58;
inline constexpr std::uint8_t kProtocolSctp = 132;
inline constexpr std::uint8_t kProtocolUdpLite = 136;

// "TCP", or the number as text.
std::string protocol_name(std::uint8_t protocol);
bool has_ports(std::uint8_t protocol);
constexpr bool is_icmp(std::uint8_t protocol) { return protocol == kProtocolIcmp || protocol == kProtocolIcmp6; }
// Finds a protocol by name, in any letter case, or by number from 1 to 255.
std::optional<std::uint8_t> find_protocol(std::string_view text);

// Returns all names as policy documents write them.
std::vector<std::string_view> protocol_names();

}  // namespace namegate::policy

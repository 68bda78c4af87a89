// SPDX-License-Identifier: Apache-2.0
//
// IP addresses and prefixes as values. An address is 16 bytes in network order, IPv4 as ::ffff:a.b.c.d, as in the BPF
// maps. Parsing never throws.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace namegate {

class IpAddress {
  public:
    using Bytes = std::array<std::uint8_t, 16>;

    constexpr IpAddress() = default;
    explicit constexpr IpAddress(const Bytes& bytes) : bytes_(bytes) {}

    // "192.0.2.1" or "2001:db8::1"; no zone, no brackets, no port. An IPv4-mapped address becomes IPv4.
    static Result<IpAddress> parse(std::string_view text);
    static IpAddress v4(const std::array<std::uint8_t, 4>& octets);
    // `size` is 4 or 16 bytes, network order, as in an A or AAAA record.
    static Result<IpAddress> from_bytes(const std::uint8_t* data, std::size_t size);

    bool is_v4() const;
    const Bytes& bytes() const { return bytes_; }
    // 4 bytes for IPv4, 16 for IPv6, network order.
    std::string wire() const;
    std::string to_string() const;
    // "192.0.2.1:53" or "[2001:db8::1]:53".
    std::string with_port(std::uint16_t port) const;
    // 32 or 128.
    unsigned bits() const { return is_v4() ? 32 : 128; }

    auto operator<=>(const IpAddress&) const = default;

  private:
    Bytes bytes_{};
};

class IpPrefix {
  public:
    constexpr IpPrefix() = default;
    // `length` is 0-32 for IPv4 and 0-128 for IPv6; larger ones are reduced to that. Host bits are cleared.
    IpPrefix(const IpAddress& address, unsigned length);

    // "10.0.0.0/8", "2001:db8::/32", or a bare address (a host prefix).
    static Result<IpPrefix> parse(std::string_view text);

    const IpAddress& address() const { return address_; }
    unsigned length() const { return length_; }
    bool is_v4() const { return address_.is_v4(); }
    bool contains(const IpAddress& address) const;
    bool contains(const IpPrefix& other) const;
    std::string to_string() const;

    auto operator<=>(const IpPrefix&) const = default;

  private:
    IpAddress address_;
    unsigned length_ = 0;
};

}  // namespace namegate

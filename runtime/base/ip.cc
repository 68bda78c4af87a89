// SPDX-License-Identifier: Apache-2.0
#include "base/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace namegate {
namespace {

constexpr std::size_t kV4Offset = 12;
constexpr unsigned kV4Bits = 96;

// The bit of the 16-byte form at which the address of this family begins.
unsigned family_offset(const IpAddress& address) { return address.is_v4() ? kV4Bits : 0; }

bool same_bits(const IpAddress::Bytes& a, const IpAddress::Bytes& b, unsigned bits) {
    const std::size_t whole = bits / 8;
    if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) {
        return false;
    }
    const unsigned rest = bits % 8;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

}  // namespace

IpAddress IpAddress::v4(const std::array<std::uint8_t, 4>& octets) {
    IpAddress out;
    out.bytes_[10] = out.bytes_[11] = 0xff;
    std::copy(octets.begin(), octets.end(), out.bytes_.begin() + kV4Offset);
    return out;
}

Result<IpAddress> IpAddress::from_bytes(const std::uint8_t* data, std::size_t size) {
    if (size == 4) {
        std::array<std::uint8_t, 4> octets{};
        std::memcpy(octets.data(), data, size);
        return v4(octets);
    }
    if (size != 16) {
        return Error(Code::kInvalidInput, "an address has 4 or 16 bytes, not " + std::to_string(size));
    }
    IpAddress out;
    std::memcpy(out.bytes_.data(), data, size);
    return out;
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
    const std::string copy(text);
    std::array<std::uint8_t, 16> raw{};
    if (copy.size() == std::strlen(copy.c_str())) {
        if (inet_pton(AF_INET, copy.c_str(), raw.data()) == 1) {
            return from_bytes(raw.data(), 4);
        }
        if (inet_pton(AF_INET6, copy.c_str(), raw.data()) == 1) {
            return from_bytes(raw.data(), 16);
        }
    }
    return Error(Code::kInvalidInput, "\"" + copy + "\" is not an IP address");
}

bool IpAddress::is_v4() const {
    return std::all_of(bytes_.begin(), bytes_.begin() + 10, [](std::uint8_t byte) { return byte == 0; }) && bytes_[10] == 0xff &&
           bytes_[11] == 0xff;
}

std::string IpAddress::wire() const {
    const std::size_t from = is_v4() ? kV4Offset : 0;
    return {bytes_.begin() + static_cast<std::ptrdiff_t>(from), bytes_.end()};
}

std::string IpAddress::to_string() const {
    char text[INET6_ADDRSTRLEN] = "";
    if (is_v4()) {
        inet_ntop(AF_INET, bytes_.data() + kV4Offset, text, sizeof text);
    } else {
        inet_ntop(AF_INET6, bytes_.data(), text, sizeof text);
    }
    return text;
}

std::string IpAddress::with_port(std::uint16_t port) const {
    return (is_v4() ? to_string() : "[" + to_string() + "]") + ":" + std::to_string(port);
}

IpPrefix::IpPrefix(const IpAddress& address, unsigned length) : address_(address), length_(std::min(length, address.bits())) {
    IpAddress::Bytes bytes = address.bytes();
    for (unsigned bit = family_offset(address) + length_; bit < 128; ++bit) {
        bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] & ~(0x80U >> (bit % 8)));
    }
    address_ = IpAddress(bytes);
}

Result<IpPrefix> IpPrefix::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string quoted = "\"" + std::string(text) + "\"";
    auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) {
        return Error(Code::kInvalidInput, quoted + " is not an IP address or CIDR");
    }
    if (slash == std::string_view::npos) {
        return IpPrefix(*address, address->bits());
    }
    const std::string_view digits = text.substr(slash + 1);
    unsigned length = 0;
    const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (status != std::errc() || end != digits.data() + digits.size() || length > address->bits()) {
        return Error(Code::kInvalidInput, quoted + ": the prefix length must be 0 to " + std::to_string(address->bits()));
    }
    return IpPrefix(*address, length);
}

bool IpPrefix::contains(const IpAddress& address) const {
    return address.is_v4() == is_v4() && same_bits(address.bytes(), address_.bytes(), family_offset(address_) + length_);
}

bool IpPrefix::contains(const IpPrefix& other) const { return other.length_ >= length_ && contains(other.address_); }

std::string IpPrefix::to_string() const { return address_.to_string() + "/" + std::to_string(length_); }

}  // namespace namegate

// SPDX-License-Identifier: Apache-2.0
#include "support/frame_headers.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace namegate::test {

namespace {

constexpr std::size_t kLink = 14;
constexpr int kMostExtensions = 6;
constexpr std::size_t kDnsHeader = 12;
constexpr std::size_t kSmallestMessage = 17;  // with the question of the root
constexpr std::size_t kLargestQuestion = 259;

FramePacket refused(FramePacket packet, const char* problem) {
    packet.problem = problem;
    return packet;
}

std::size_t header_bytes(std::uint8_t protocol) { return protocol == kTcp ? 20 : 8; }

FramePacket read_transport(FramePacket packet, const FrameBytes& ip, std::size_t at) {
    packet.transport = ip.part(at, ip.size() - at);
    packet.icmp = packet.protocol == (packet.v6 ? kIcmp6 : kIcmp);
    if (!packet.icmp && !carries_ports(packet.protocol)) {
        return packet;
    }
    if (!ip.has(at, header_bytes(packet.protocol))) {
        packet.icmp = false;
        return refused(packet, "no whole transport header");
    }
    if (packet.icmp) {
        packet.icmp_type = ip.u8(at);
        packet.icmp_id = packet.is_echo() ? ip.u16(at + 4) : std::uint16_t{0};
        return packet;
    }
    packet.source_port = ip.u16(at);
    packet.destination_port = ip.u16(at + 2);
    packet.tcp_flags = packet.protocol == kTcp ? ip.u8(at + 13) : std::uint8_t{0};
    return packet;
}

// Each with its length, and none that routes the packet to another address (RFC 791, section 3.1).
bool are_good_options(std::span<const std::uint8_t> options) {
    const FrameBytes bytes(options);
    for (std::size_t at = 0; bytes.has(at, 1) && bytes.u8(at) != 0;) {
        const std::uint8_t type = bytes.u8(at);
        const std::size_t length = type == 1 ? 1 : bytes.has(at, 2) ? bytes.u8(at + 1) : 0;
        if (type == 131 || type == 137 || length == 0 || (type != 1 && length < 2) || !bytes.has(at, length)) {
            return false;
        }
        at += length;
    }
    return true;
}

FramePacket read_v4(const Bytes& frame) {
    FramePacket packet;
    const FrameBytes all(std::span<const std::uint8_t>(frame).subspan(kLink));
    if (!all.has(0, 20) || all.u8(0) >> 4 != 4) {
        return refused(packet, "no IPv4 header");
    }
    const std::size_t header = static_cast<std::size_t>(all.u8(0) & 15) * 4;
    packet.size = all.u16(2);
    if (header < 20 || packet.size < header || packet.size > all.size()) {
        return refused(packet, "lengths of IPv4");
    }
    packet.trailer = all.size() - packet.size;
    const FrameBytes ip(all.part(0, packet.size));
    if (!are_good_options(ip.part(20, header - 20))) {
        return refused(packet, "options of IPv4");
    }
    packet.source = FrameAddress::v4_of(ip.part(12, 4));
    packet.destination = FrameAddress::v4_of(ip.part(16, 4));
    packet.hops = ip.u8(8);
    packet.protocol = ip.u8(9);
    const bool more = (ip.u16(6) & 0x2000) != 0;
    packet.fragment_offset = static_cast<std::size_t>(ip.u16(6) & 0x1fff) * 8;
    packet.fragment_id = ip.u16(4);
    packet.fragment_bytes = packet.size - header;
    packet.fragment_next = packet.protocol;
    packet.piece = packet.fragment_offset != 0 ? Piece::kLater : more ? Piece::kFirst : Piece::kWhole;
    return packet.piece == Piece::kLater ? packet : read_transport(packet, ip, header);
}

// After the fixed header. `at` moves to the transport header.
FramePacket read_extensions(FramePacket packet, const FrameBytes& ip, std::size_t& at) {
    for (;;) {
        const std::uint8_t type = packet.protocol;
        if (type == kRouting) {
            return refused(packet, "routing header");
        }
        if (type != kHopByHop && type != kOptionsHeader && type != kFragmentHeader) {
            return at > ip.size() ? refused(packet, "extension header behind the end") : packet;
        }
        if (++packet.extensions > kMostExtensions) {
            return refused(packet, "too many extension headers");
        }
        if (!ip.has(at, 8)) {
            return refused(packet, "extension header behind the end");
        }
        packet.protocol = ip.u8(at);
        if (type != kFragmentHeader) {
            at += (static_cast<std::size_t>(ip.u8(at + 1)) + 1) * 8;
            continue;
        }
        if (packet.fragment_header) {
            return refused(packet, "two fragment headers");
        }
        packet.fragment_header = true;
        packet.fragment_next = packet.protocol;
        packet.fragment_offset = ip.u16(at + 2) & 0xfff8;
        packet.fragment_id = ip.u32(at + 4);
        packet.piece = packet.fragment_offset != 0 ? Piece::kLater : (ip.u16(at + 2) & 1) != 0 ? Piece::kFirst : Piece::kWhole;
        at += 8;
        packet.fragment_bytes = ip.size() - at;
        if (packet.piece == Piece::kLater) {
            return packet;
        }
    }
}

FramePacket read_v6(const Bytes& frame) {
    FramePacket packet;
    packet.v6 = true;
    const FrameBytes all(std::span<const std::uint8_t>(frame).subspan(kLink));
    if (!all.has(0, 40) || all.u8(0) >> 4 != 6) {
        return refused(packet, "no IPv6 header");
    }
    packet.size = std::size_t{40} + all.u16(4);
    if (packet.size > all.size()) {
        return refused(packet, "length of IPv6");
    }
    packet.trailer = all.size() - packet.size;
    const FrameBytes ip(all.part(0, packet.size));
    packet.source = FrameAddress::v6_of(ip.part(8, 16));
    packet.destination = FrameAddress::v6_of(ip.part(24, 16));
    if (packet.source.is_mapped() || packet.destination.is_mapped()) {
        return refused(packet, "IPv4 address in IPv6");
    }
    packet.hops = ip.u8(7);
    packet.protocol = ip.u8(6);
    std::size_t at = 40;
    packet = read_extensions(packet, ip, at);
    return packet.problem != nullptr || packet.piece == Piece::kLater ? packet : read_transport(packet, ip, at);
}

// The offset after a name that is not compressed.
std::optional<std::size_t> behind_name(const FrameBytes& message, std::size_t at) {
    while (message.has(at, 1)) {
        const std::size_t length = message.u8(at);
        if (length == 0) {
            return at + 1;
        }
        if (length > 63) {
            return std::nullopt;
        }
        at += length + 1;
    }
    return std::nullopt;
}

std::string dotted_name(const FrameBytes& message, std::size_t at) {
    std::string out;
    while (message.u8(at) != 0) {
        const std::size_t length = message.u8(at);
        out += out.empty() ? "" : ".";
        for (const std::uint8_t byte : message.part(at + 1, length)) {
            out += static_cast<char>(byte);
        }
        at += length + 1;
    }
    return out;
}

}  // namespace

FrameAddress FrameAddress::parse(std::string_view text) {
    const auto address = IpAddress::parse(text);
    if (!address) {
        throw std::invalid_argument(address.error().message());
    }
    FrameAddress out{!address->is_v4(), {}};
    const std::string wire = address->wire();
    std::copy(wire.begin(), wire.end(), out.bytes.begin());
    return out;
}

FrameAddress FrameAddress::v4_of(std::span<const std::uint8_t> four) {
    FrameAddress out;
    std::copy(four.begin(), four.end(), out.bytes.begin());
    return out;
}

FrameAddress FrameAddress::v6_of(std::span<const std::uint8_t> sixteen) {
    FrameAddress out{true, {}};
    std::copy(sixteen.begin(), sixteen.end(), out.bytes.begin());
    return out;
}

bool FrameAddress::is_mapped() const {
    static constexpr std::array<std::uint8_t, 12> kPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return v6 && std::equal(kPrefix.begin(), kPrefix.end(), bytes.begin());
}

std::string FrameAddress::to_string() const {
    std::string out;
    char digits[8];
    for (std::size_t i = 0; i < (v6 ? 16U : 4U); ++i) {
        std::snprintf(digits, sizeof digits, v6 ? (i % 2 == 0 && i != 0 ? ":%02x" : "%02x") : (i == 0 ? "%u" : ".%u"), bytes[i]);
        out += digits;
    }
    return out;
}

bool FramePacket::is_error() const {
    if (!icmp) {
        return false;
    }
    return v6 ? icmp_type >= 1 && icmp_type <= 4 : icmp_type == 3 || icmp_type == 11 || icmp_type == 12;
}

bool carries_ports(std::uint8_t protocol) { return protocol == kTcp || protocol == kUdp || protocol == kSctp || protocol == kUdpLite; }

FramePacket read_frame(const Bytes& frame) {
    const FrameBytes link(frame);
    return link.u16(12) == 0x86dd ? read_v6(frame) : read_v4(frame);
}

std::optional<FrameBytes> dns_message(const FramePacket& packet) {
    const FrameBytes udp(packet.transport);
    std::size_t end = udp.size();
    if (packet.piece == Piece::kWhole) {
        end = udp.u16(4);
        if (end > udp.size()) {
            return std::nullopt;
        }
    }
    if (end < 8 + kSmallestMessage) {
        return std::nullopt;
    }
    return FrameBytes(udp.part(8, end - 8));
}

std::optional<Bytes> dns_question(const FrameBytes& message) {
    if (message.u16(4) != 1) {
        return std::nullopt;
    }
    const auto end = behind_name(message, kDnsHeader);
    if (!end || !message.has(*end, 4) || *end + 4 - kDnsHeader > kLargestQuestion) {
        return std::nullopt;
    }
    const auto part = message.part(kDnsHeader, *end + 4 - kDnsHeader);
    return Bytes(part.begin(), part.end());
}

std::optional<std::pair<std::string, FrameAddress>> dns_plain_answer(const FrameBytes& message, std::size_t question_bytes) {
    const std::size_t at = kDnsHeader + question_bytes;
    if (!message.has(at, 12) || message.u16(2) != 0x8180 || message.u16(6) != 1 || message.u32(8) != 0) {
        return std::nullopt;
    }
    const std::uint16_t type = message.u16(at - 4);
    const std::size_t length = type == 1 ? 4 : 16;
    if ((type != 1 && type != 28) || message.u16(at) != 0xc00c || message.u16(at + 2) != type || message.u16(at + 4) != 1 ||
        message.u16(at - 2) != 1 || message.u16(at + 10) != length || message.size() != at + 12 + length) {
        return std::nullopt;
    }
    const auto data = message.part(at + 12, length);
    return std::pair(dotted_name(message, kDnsHeader), type == 1 ? FrameAddress::v4_of(data) : FrameAddress::v6_of(data));
}

}  // namespace namegate::test

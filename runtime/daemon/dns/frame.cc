// SPDX-License-Identifier: Apache-2.0
#include "daemon/dns/frame.h"

#include <netinet/in.h>

#include <string>

namespace namegate::daemon {

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kLinkBytes = 14;
constexpr std::size_t kIp4Bytes = 20;
constexpr std::size_t kIp6Bytes = 40;
constexpr std::size_t kUdpBytes = 8;
constexpr std::size_t kTcpBytes = 20;
constexpr std::uint16_t kEtherIp4 = 0x0800;
constexpr std::uint16_t kEtherIp6 = 0x86dd;
constexpr int kMaxExtensions = 6;  // the same limit as in the programs

std::uint16_t read16(Bytes bytes, std::size_t at) { return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]); }
std::uint32_t read32(Bytes bytes, std::size_t at) { return std::uint32_t{read16(bytes, at)} << 16 | read16(bytes, at + 2); }

Error malformed(const char* what) { return {Code::kInvalidInput, std::string("held frame: ") + what}; }

// Bytes after the end of the IP packet are padding of the link layer.
Result<> cut_segment(Frame& frame, Bytes bytes, std::size_t end) {
    if (end > bytes.size() || frame.transport > end) {
        return malformed("the IP packet is longer than the frame");
    }
    frame.segment = bytes.subspan(frame.transport, end - frame.transport);
    return ok();
}

Result<> read_ip4(Frame& frame, Bytes bytes) {
    if (bytes.size() < kLinkBytes + kIp4Bytes) {
        return malformed("incomplete IPv4 header");
    }
    const std::size_t header = std::size_t{bytes[kLinkBytes] & 15U} * 4;
    if (header < kIp4Bytes) {
        return malformed("the IPv4 header length is below 20 bytes");
    }
    NG_ASSIGN(frame.source, IpAddress::from_bytes(bytes.data() + kLinkBytes + 12, 4));
    NG_ASSIGN(frame.destination, IpAddress::from_bytes(bytes.data() + kLinkBytes + 16, 4));
    frame.protocol = bytes[kLinkBytes + 9];
    frame.fragment_id = read16(bytes, kLinkBytes + 4);
    const std::uint16_t field = read16(bytes, kLinkBytes + 6);
    frame.more = (field & 0x2000U) != 0;
    frame.fragment_offset = std::size_t{field & 0x1fffU} * 8;
    frame.fragment = frame.more || frame.fragment_offset != 0;
    frame.transport = kLinkBytes + header;
    return cut_segment(frame, bytes, kLinkBytes + read16(bytes, kLinkBytes + 2));
}

Result<> read_ip6(Frame& frame, Bytes bytes) {
    if (bytes.size() < kLinkBytes + kIp6Bytes) {
        return malformed("incomplete IPv6 header");
    }
    NG_ASSIGN(frame.source, IpAddress::from_bytes(bytes.data() + kLinkBytes + 8, 16));
    NG_ASSIGN(frame.destination, IpAddress::from_bytes(bytes.data() + kLinkBytes + 24, 16));
    frame.protocol = bytes[kLinkBytes + 6];
    frame.transport = kLinkBytes + kIp6Bytes;
    const std::size_t end = kLinkBytes + kIp6Bytes + read16(bytes, kLinkBytes + 4);
    for (int i = 0; i < kMaxExtensions && frame.fragment_offset == 0; ++i) {
        const std::uint8_t kind = frame.protocol;
        if (kind != IPPROTO_HOPOPTS && kind != IPPROTO_DSTOPTS && kind != IPPROTO_FRAGMENT) {
            break;
        }
        if (bytes.size() < frame.transport + 8) {
            return malformed("incomplete IPv6 extension header");
        }
        std::size_t size = 8;
        if (kind == IPPROTO_FRAGMENT) {
            const std::uint16_t field = read16(bytes, frame.transport + 2);
            frame.more = (field & 1U) != 0;
            frame.fragment_offset = field & 0xfff8U;
            frame.fragment = frame.more || frame.fragment_offset != 0;
            frame.fragment_id = read32(bytes, frame.transport + 4);
        } else {
            size = (std::size_t{bytes[frame.transport + 1]} + 1) * 8;
        }
        frame.protocol = bytes[frame.transport];
        frame.transport += size;
    }
    return cut_segment(frame, bytes, end);
}

Result<> read_transport(Frame& frame) {
    const Bytes segment = frame.segment;
    const bool tcp = frame.protocol == IPPROTO_TCP;
    if (!tcp && frame.protocol != IPPROTO_UDP) {
        return malformed("neither TCP nor UDP");
    }
    if (segment.size() < (tcp ? kTcpBytes : kUdpBytes)) {
        return malformed("incomplete transport header");
    }
    frame.source_port = read16(segment, 0);
    frame.destination_port = read16(segment, 2);
    frame.header_bytes = kUdpBytes;
    if (tcp) {
        frame.sequence = read32(segment, 4);
        frame.acknowledged = read32(segment, 8);
        frame.header_bytes = std::size_t{segment[12]} / 16 * 4;
        frame.flags = segment[13];
        if (frame.header_bytes < kTcpBytes || frame.header_bytes > segment.size()) {
            return malformed("the TCP header length is invalid");
        }
    }
    return ok();
}

std::uint32_t add_up(Bytes bytes, std::uint32_t sum) {
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
        sum += read16(bytes, i);
    }
    if (bytes.size() % 2 != 0) {
        sum += std::uint32_t{bytes.back()} << 8;
    }
    return sum;
}

std::uint16_t fold(std::uint32_t sum) {
    while (sum >> 16 != 0) {
        sum = (sum & 0xffffU) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(sum);
}

}  // namespace

Result<Frame> parse_frame(Bytes bytes) {
    if (bytes.size() < kLinkBytes) {
        return malformed("incomplete Ethernet header");
    }
    Frame frame;
    frame.ether_type = read16(bytes, 12);
    if (frame.ether_type == kEtherIp4) {
        NG_TRY(read_ip4(frame, bytes));
    } else if (frame.ether_type == kEtherIp6) {
        NG_TRY(read_ip6(frame, bytes));
    } else {
        return malformed("neither IPv4 nor IPv6");
    }
    if (frame.fragment_offset == 0) {
        NG_TRY(read_transport(frame));
    }
    return frame;
}

std::size_t checksum_offset(std::uint8_t protocol) { return protocol == IPPROTO_TCP ? 16 : 6; }

Checksum checksum_of(const Frame& frame, Bytes segment) {
    const std::size_t at = checksum_offset(frame.protocol);
    const std::uint16_t field = read16(segment, at);
    if (frame.protocol == IPPROTO_UDP && field == 0) {
        return frame.source.is_v4() ? Checksum::kRight : Checksum::kWrong;
    }
    std::uint32_t pseudo = std::uint32_t{frame.protocol} + static_cast<std::uint32_t>(segment.size());
    for (const IpAddress& address : {frame.source, frame.destination}) {
        const std::string wire = address.wire();
        pseudo = add_up({reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size()}, pseudo);
    }
    pseudo = fold(pseudo);
    // Checked first: the checksum of a frame of several segments (GSO) is always kToComplete. If both conditions hold, both
    // results have the same effect.
    if (field == pseudo) {
        return Checksum::kToComplete;
    }
    return fold(add_up(segment, pseudo)) == 0xffff ? Checksum::kRight : Checksum::kWrong;
}

}  // namespace namegate::daemon

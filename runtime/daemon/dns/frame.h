// SPDX-License-Identifier: Apache-2.0
//
// Parses a frame that the programs held: addresses, ports, sequence numbers, payload and state of the checksum. Untagged
// Ethernet, IPv4 and IPv6, TCP and UDP; the programs hold nothing else. A view: the bytes belong to the caller. Pure. A frame
// that does not parse is kInvalidInput.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/ip.h"
#include "base/result.h"

namespace namegate::daemon {

inline constexpr std::uint8_t kTcpFin = 0x01;
inline constexpr std::uint8_t kTcpSyn = 0x02;
inline constexpr std::uint8_t kTcpRst = 0x04;
inline constexpr std::uint8_t kTcpAck = 0x10;
inline constexpr std::uint8_t kTcpCwr = 0x80;

struct Frame {
    std::uint16_t ether_type = 0;
    IpAddress source;
    IpAddress destination;
    std::uint8_t protocol = 0;
    std::size_t transport = 0;              // offset of the transport header in the frame, or of a later fragment's data
    std::span<const std::uint8_t> segment;  // from there to the end of the IP packet
    // Fragments: the place in the datagram.
    bool fragment = false;
    bool more = false;
    std::size_t fragment_offset = 0;  // bytes
    std::uint32_t fragment_id = 0;
    // Only in a whole packet or a first fragment. Host byte order.
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::size_t header_bytes = 0;  // of TCP or UDP
    std::uint32_t sequence = 0;    // TCP
    std::uint32_t acknowledged = 0;
    std::uint8_t flags = 0;

    std::span<const std::uint8_t> payload() const { return segment.subspan(header_bytes); }
};

Result<Frame> parse_frame(std::span<const std::uint8_t> bytes);

// A sender on this node leaves the checksum to the last device on the path and stores the sum of the pseudo header in its place
// (CHECKSUM_PARTIAL): kToComplete. A frame from a wire has the complete checksum.
enum class Checksum { kRight, kToComplete, kWrong };
// `segment` is a whole TCP or UDP segment. UDP over IPv4 without a checksum is kRight.
Checksum checksum_of(const Frame& frame, std::span<const std::uint8_t> segment);
// Offset of the checksum in the transport header, in bytes.
std::size_t checksum_offset(std::uint8_t protocol);

}  // namespace namegate::daemon

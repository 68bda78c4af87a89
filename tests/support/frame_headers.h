// SPDX-License-Identifier: Apache-2.0
//
// An independent parser of frames, for the model of frame_model.h. Nothing is read past the end that the IP header gives.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "support/packet.h"

namespace namegate::test {

struct FrameAddress {
    bool v6 = false;
    std::array<std::uint8_t, 16> bytes{};  // IPv4: the first four

    static FrameAddress parse(std::string_view text);
    static FrameAddress v4_of(std::span<const std::uint8_t> four);
    static FrameAddress v6_of(std::span<const std::uint8_t> sixteen);
    std::string to_string() const;
    bool is_unspecified() const { return *this == FrameAddress{v6, {}}; }
    bool is_link_local() const { return v6 && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80; }
    bool is_link_multicast() const { return v6 && bytes[0] == 0xff && bytes[1] == 0x02; }
    bool is_mapped() const;  // ::ffff:0:0/96

    auto operator<=>(const FrameAddress&) const = default;
};

inline constexpr std::uint8_t kHopByHop = 0;
inline constexpr std::uint8_t kIcmp = 1;
inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;
inline constexpr std::uint8_t kRouting = 43;
inline constexpr std::uint8_t kFragmentHeader = 44;
inline constexpr std::uint8_t kIcmp6 = 58;
inline constexpr std::uint8_t kOptionsHeader = 60;
inline constexpr std::uint8_t kSctp = 132;
inline constexpr std::uint8_t kUdpLite = 136;

enum class Piece : std::uint8_t { kWhole, kFirst, kLater };

bool carries_ports(std::uint8_t protocol);

// A range of bytes that returns only what it has.
class FrameBytes {
  public:
    explicit FrameBytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
    std::size_t size() const { return bytes_.size(); }
    bool has(std::size_t at, std::size_t count) const { return at <= bytes_.size() && count <= bytes_.size() - at; }
    std::uint8_t u8(std::size_t at) const { return bytes_[at]; }
    std::uint16_t u16(std::size_t at) const { return static_cast<std::uint16_t>(bytes_[at] << 8 | bytes_[at + 1]); }
    std::uint32_t u32(std::size_t at) const { return static_cast<std::uint32_t>(u16(at)) << 16 | u16(at + 2); }
    std::span<const std::uint8_t> part(std::size_t at, std::size_t count) const { return bytes_.subspan(at, count); }

  private:
    std::span<const std::uint8_t> bytes_;
};

struct FramePacket {
    const char* problem = nullptr;  // why it is dropped, whatever a policy says
    bool v6 = false;
    FrameAddress source;
    FrameAddress destination;
    std::uint8_t hops = 0;
    std::size_t size = 0;     // of the IP packet
    std::size_t trailer = 0;  // bytes of the frame after it
    int extensions = 0;

    Piece piece = Piece::kWhole;
    bool fragment_header = false;  // of IPv6, on whole packets too
    std::uint32_t fragment_id = 0;
    std::size_t fragment_offset = 0;
    std::size_t fragment_bytes = 0;  // after the headers that each fragment has
    std::uint8_t fragment_next = 0;  // the protocol there

    std::uint8_t protocol = 0;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::uint8_t tcp_flags = 0;
    bool icmp = false;
    std::uint8_t icmp_type = 0;
    std::uint16_t icmp_id = 0;
    std::span<const std::uint8_t> transport;  // header and payload

    bool is_echo() const { return icmp && (v6 ? icmp_type == 128 || icmp_type == 129 : icmp_type == 8 || icmp_type == 0); }
    bool is_error() const;
    // Asks for a reply of its own kind: echo, and IPv4's timestamp, information and address mask (RFC 792, RFC 950).
    bool is_query() const {
        return icmp && (v6 ? icmp_type == 128 : icmp_type == 8 || icmp_type == 13 || icmp_type == 15 || icmp_type == 17);
    }
    bool is_opening() const { return protocol == kTcp && (tcp_flags & (kSyn | kAck)) == kSyn; }
    bool is_closing() const { return protocol == kTcp && (tcp_flags & (kFin | kRst)) != 0; }
};

// The IP packet of a frame, link header included.
FramePacket read_frame(const Bytes& frame);

// The DNS message of a UDP packet, nothing when there is none.
std::optional<FrameBytes> dns_message(const FramePacket& packet);
// The question section, when there is one question and it is complete.
std::optional<Bytes> dns_question(const FrameBytes& message);
// The address that a plain response gives the name of its question: one record, and nothing else in the message.
std::optional<std::pair<std::string, FrameAddress>> dns_plain_answer(const FrameBytes& message, std::size_t question_bytes);

}  // namespace namegate::test

// SPDX-License-Identifier: Apache-2.0
//
// Frames whose sender leaves work to the kernel (PACKET_VNET_HDR). Errors fail the test.
#pragma once

#include <cstdint>
#include <string>

#include "client.h"
#include "support/packet.h"

namespace namegate::test {

// struct virtio_net_hdr, whose header file does not compile as C++.
struct OffloadHeader {
    std::uint8_t flags = 0;
    std::uint8_t gso_type = 0;
    std::uint16_t hdr_len = 0;
    std::uint16_t gso_size = 0;
    std::uint16_t csum_start = 0;
    std::uint16_t csum_offset = 0;
};
inline constexpr std::uint8_t kNeedsChecksum = 1;

// The kernel writes the sum of what is behind `start` to `offset` behind it.
OffloadHeader sum_at(std::uint16_t start, std::uint16_t offset);

// Sends a frame with a header that says what is left to do.
void send_with(const TestNetns& netns, const std::string& ifname, const Bytes& frame, const OffloadHeader& header);

}  // namespace namegate::test

// SPDX-License-Identifier: Apache-2.0
//
// A frame with bytes after its IP packet. Pure.
#pragma once

#include <cstddef>
#include <cstdint>

#include "support/packet.h"

namespace namegate::test {

// The same frame, with an IP header whose length is `bytes` too small.
inline Bytes shortened(Bytes frame, std::size_t bytes) {
    constexpr std::size_t kLink = 14;
    constexpr std::size_t kIp4 = 20;
    const bool v6 = frame[12] == 0x86;
    const std::size_t at = kLink + (v6 ? 4U : 2U);
    const std::size_t length = static_cast<std::size_t>(frame[at] << 8 | frame[at + 1]) - bytes;
    frame[at] = static_cast<std::uint8_t>(length >> 8);
    frame[at + 1] = static_cast<std::uint8_t>(length & 0xffU);
    if (!v6) {
        // Computes the header's checksum again: RFC 1071.
        frame[kLink + 10] = frame[kLink + 11] = 0;
        std::uint32_t sum = 0;
        for (std::size_t i = 0; i < kIp4; i += 2) {
            sum += static_cast<std::uint32_t>(frame[kLink + i] << 8 | frame[kLink + i + 1]);
        }
        sum = (sum & 0xffff) + (sum >> 16);
        sum = ~((sum & 0xffff) + (sum >> 16));
        frame[kLink + 10] = static_cast<std::uint8_t>(sum >> 8);
        frame[kLink + 11] = static_cast<std::uint8_t>(sum);
    }
    return frame;
}

}  // namespace namegate::test

// SPDX-License-Identifier: Apache-2.0
#include "offload_frame.h"

#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cstring>

namespace namegate::test {

OffloadHeader sum_at(std::uint16_t start, std::uint16_t offset) {
    OffloadHeader header;
    header.flags = kNeedsChecksum;
    header.csum_start = start;
    header.csum_offset = offset;
    return header;
}

void send_with(const TestNetns& netns, const std::string& ifname, const Bytes& frame, const OffloadHeader& header) {
    run_inside(netns, [&] {
        const Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
        const int on = 1;
        REQUIRE(::setsockopt(fd.get(), SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) == 0);
        sockaddr_ll to{};
        to.sll_family = AF_PACKET;
        to.sll_protocol = htons(static_cast<std::uint16_t>(frame[12] << 8 | frame[13]));
        to.sll_ifindex = static_cast<int>(::if_nametoindex(ifname.c_str()));
        REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
        Bytes all(sizeof header);
        std::memcpy(all.data(), &header, sizeof header);
        all.insert(all.end(), frame.begin(), frame.end());
        REQUIRE(::send(fd.get(), all.data(), all.size(), 0) == static_cast<ssize_t>(all.size()));
    });
}

}  // namespace namegate::test

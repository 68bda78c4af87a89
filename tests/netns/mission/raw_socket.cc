// SPDX-License-Identifier: Apache-2.0
#include "raw_socket.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace namegate::test {

RawSocket::RawSocket(const std::string& ifname, std::uint16_t protocol) : fd_(open_socket(AF_PACKET, SOCK_RAW, 0)) {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(protocol);
    address.sll_ifindex = static_cast<int>(::if_nametoindex(ifname.c_str()));
    if (address.sll_ifindex == 0 || ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        fail_with_errno("a packet socket on " + ifname);
    }
    // Frames that are not read soon are not lost.
    const int room = 16 << 20;
    if (::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0) {
        fail_with_errno("room for frames");
    }
}

RawSocket RawSocket::inside(const TestNetns& netns, const std::string& ifname, std::uint16_t protocol) {
    std::optional<RawSocket> out;
    run_inside(netns, [&] { out.emplace(ifname, protocol); });
    return std::move(*out);
}

void RawSocket::send(const Bytes& frame) const {
    if (::send(fd_.get(), frame.data(), frame.size(), 0) != static_cast<ssize_t>(frame.size())) {
        fail_with_errno("sending a frame");
    }
}

bool RawSocket::saw(std::string_view bytes, Milliseconds most) {
    return find([bytes](std::string_view frame) { return frame.find(bytes) != std::string_view::npos; }, most).has_value();
}

std::optional<std::string> RawSocket::find(const std::function<bool(std::string_view)>& fits, Milliseconds most) {
    for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
        if (fits(*frame)) {
            return *frame;
        }
    }
    const auto deadline = SteadyClock::now() + most;
    std::array<char, 65536> buffer{};
    for (;;) {
        const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
        if (got >= 0) {
            frames_.emplace_back(buffer.data(), static_cast<std::size_t>(got));
            if (fits(frames_.back())) {
                return frames_.back();
            }
            continue;
        }
        const auto left = std::chrono::duration_cast<Milliseconds>(deadline - SteadyClock::now());
        pollfd one{fd_.get(), POLLIN, 0};
        if (left.count() <= 0 || ::poll(&one, 1, static_cast<int>(left.count())) < 0) {
            return std::nullopt;
        }
    }
}

}  // namespace namegate::test

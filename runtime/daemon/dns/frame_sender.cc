// SPDX-License-Identifier: Apache-2.0
#include "daemon/dns/frame_sender.h"

#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>

namespace namegate::daemon {

namespace {

constexpr int kSendBuffer = 4 * 1024 * 1024;

// struct virtio_net_hdr: the offloads of a frame (virtio 1.1, section 5.1.6; packet(7), PACKET_VNET_HDR). Host byte order.
// Defined here because linux/virtio_net.h does not compile as C++.
struct Offload {
    std::uint8_t flags = 0;
    std::uint8_t gso_type = 0;
    std::uint16_t header_bytes = 0;
    std::uint16_t gso_size = 0;
    std::uint16_t checksum_start = 0;
    std::uint16_t checksum_offset = 0;
};
static_assert(sizeof(Offload) == 10, "struct virtio_net_hdr");
constexpr std::uint8_t kNeedsChecksum = 1;
constexpr std::uint8_t kGsoTcp4 = 1;
constexpr std::uint8_t kGsoTcp6 = 4;
constexpr std::uint8_t kGsoEcn = 0x80;

template <typename T>
Result<> set_option(const Fd& socket, int level, int option, const T& value, const char* what) {
    return ::setsockopt(socket.get(), level, option, &value, sizeof value) == 0 ? ok() : Result<>(sys_error(what, errno));
}

Offload offload_of(const Frame& frame, Checksum checksum, std::uint16_t gso_size) {
    Offload offload;
    // The checksums of a GSO frame are always computed when it is segmented, so a frame with any other checksum is not GSO.
    if (checksum != Checksum::kToComplete) {
        return offload;
    }
    offload.flags = kNeedsChecksum;
    offload.checksum_start = static_cast<std::uint16_t>(frame.transport);
    offload.checksum_offset = static_cast<std::uint16_t>(checksum_offset(frame.protocol));
    if (gso_size != 0 && frame.protocol == IPPROTO_TCP && frame.payload().size() > gso_size) {
        const bool ecn = (frame.flags & kTcpCwr) != 0;
        offload.gso_type = static_cast<std::uint8_t>((frame.source.is_v4() ? kGsoTcp4 : kGsoTcp6) | (ecn ? kGsoEcn : 0));
        offload.header_bytes = static_cast<std::uint16_t>(frame.transport + frame.header_bytes);
        offload.gso_size = gso_size;
    }
    return offload;
}

}  // namespace

Result<FrameSender> FrameSender::open(std::uint32_t mark) {
    // Protocol 0: the socket receives nothing.
    Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.valid()) {
        return sys_error("opening a packet socket", errno);
    }
    NG_TRY(set_option(socket, SOL_SOCKET, SO_MARK, mark, "setting the mark of held frames"));
    NG_TRY(set_option(socket, SOL_PACKET, PACKET_VNET_HDR, int{1}, "enabling PACKET_VNET_HDR on a packet socket"));
    NG_TRY(set_option(socket, SOL_SOCKET, SO_SNDBUFFORCE, kSendBuffer, "setting the send buffer of a packet socket"));
    return FrameSender(std::move(socket));
}

Result<> FrameSender::send(std::uint32_t ifindex, std::span<const std::uint8_t> bytes, const Frame& frame, Checksum checksum,
                           std::uint16_t gso_size) {
    Offload offload = offload_of(frame, checksum, gso_size);
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    // From the bytes: a frame that does not parse has no Frame::ether_type.
    to.sll_protocol = bytes.size() < 14 ? 0 : htons(static_cast<std::uint16_t>(bytes[12] << 8 | bytes[13]));
    to.sll_ifindex = static_cast<int>(ifindex);
    to.sll_halen = 6;
    std::copy_n(bytes.begin(), std::min<std::size_t>(bytes.size(), 6), std::begin(to.sll_addr));
    std::array<iovec, 2> parts{};
    parts[0] = {&offload, sizeof offload};
    // sendmsg() only reads the buffer, but iovec has no const form.
    parts[1] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    msghdr message{};
    message.msg_name = &to;
    message.msg_namelen = sizeof to;
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t sent = ::sendmsg(socket_.get(), &message, 0);
    if (sent < 0) {
        return sys_error("putting a held frame back on interface " + std::to_string(ifindex), errno);
    }
    return ok();
}

}  // namespace namegate::daemon

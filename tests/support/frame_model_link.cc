// SPDX-License-Identifier: Apache-2.0
//
// The part of the model below IP: ARP, neighbour discovery and listener reports.
#include <algorithm>

#include "support/frame_model.h"

namespace namegate::test {

namespace {

constexpr std::size_t kLink = 14;

FrameOpinion denied(const char* why) { return FrameOpinion::denied(why); }
FrameOpinion allowed(const char* why) { return FrameOpinion::passed(why); }

// The link-local address derived from a hardware address (RFC 4291, appendix A).
FrameAddress link_local_of(const Mac& mac) {
    return {true,
            {0xfe, 0x80, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(mac[0] ^ 2), mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]}};
}

}  // namespace

bool is_neighbour_message(const FramePacket& packet) {
    if (!packet.icmp || !packet.v6 || packet.piece != Piece::kWhole) {
        return false;
    }
    const std::uint8_t type = packet.icmp_type;
    // It is no longer than such a message has to be, with a router alert before it and nothing after it.
    const std::size_t most = type >= 133 && type <= 137 && type != 134 ? 64 : 512;
    if (packet.trailer != 0 || packet.transport.size() > most || packet.size - packet.transport.size() > 48) {
        return false;
    }
    if (type >= 133 && type <= 137) {
        return packet.hops == 255;  // so it comes from the link (RFC 4861)
    }
    const bool listener = (type >= 130 && type <= 132) || type == 143;
    return listener && (packet.source.is_link_local() || packet.source.is_unspecified());
}

bool FrameModel::is_own_on_link(const FrameAddress& address) const { return is_own(address) || address == link_local_of(mac_); }

// No longer than ARP. From the pod: its own hardware address, and its own protocol address, or none and its own as the target.
FrameOpinion FrameModel::judge_arp(const Bytes& frame, Way way) const {
    const FrameBytes arp(std::span<const std::uint8_t>(frame).subspan(kLink));
    if (frame.size() > 64) {
        return denied("long ARP");
    }
    if (way == Way::kIn) {
        return allowed("ARP");
    }
    if (!arp.has(0, 28) || arp.u32(0) != 0x00010800 || arp.u16(4) != 0x0604) {
        return denied("no whole ARP");
    }
    const auto mac = arp.part(8, 6);
    const FrameAddress sender = FrameAddress::v4_of(arp.part(14, 4));
    const FrameAddress claimed = sender.is_unspecified() ? FrameAddress::v4_of(arp.part(24, 4)) : sender;
    if (!std::equal(mac.begin(), mac.end(), mac_.begin()) || !is_own(claimed)) {
        return denied("ARP for another");
    }
    return allowed("ARP");
}

FrameOpinion FrameModel::judge_neighbour(const FramePacket& packet, Way way) const {
    const std::uint8_t type = packet.icmp_type;
    if (way == Way::kIn) {
        return allowed("neighbour discovery");
    }
    if (type == 134 || type == 137 || type == 130) {
        return denied("what only a router says");
    }
    if (!packet.destination.is_link_local() && !packet.destination.is_link_multicast()) {
        return denied("neighbour discovery beyond the link");
    }
    if (!packet.source.is_unspecified() && !is_own_on_link(packet.source)) {
        return denied("neighbour discovery with another's address");
    }
    if (type >= 133 && type <= 137 && !has_own_options(packet)) {
        return denied("options of neighbour discovery");
    }
    const bool claims = type == 136 || (type == 135 && packet.source.is_unspecified());
    if (!claims) {
        return allowed("neighbour discovery");
    }
    const FrameBytes message(packet.transport);
    if (!message.has(8, 16)) {
        return denied("neighbour discovery without its target");
    }
    return is_own_on_link(FrameAddress::v6_of(message.part(8, 16))) ? allowed("neighbour discovery")
                                                                    : denied("neighbour discovery for another");
}

// Complete ones, and the hardware address in them is the pod's.
bool FrameModel::has_own_options(const FramePacket& packet) const {
    const FrameBytes message(packet.transport);
    std::size_t at = packet.icmp_type == 133 ? 8 : 24;
    while (at < message.size()) {
        const std::size_t length = message.has(at, 8) ? std::size_t{message.u8(at + 1)} * 8 : 0;
        if (length == 0 || !message.has(at, length)) {
            return false;
        }
        const auto mac = message.part(at + 2, 6);
        if ((message.u8(at) == 1 || message.u8(at) == 2) && !std::equal(mac.begin(), mac.end(), mac_.begin())) {
            return false;
        }
        at += length;
    }
    return at == message.size();
}

}  // namespace namegate::test

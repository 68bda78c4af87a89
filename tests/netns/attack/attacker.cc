// SPDX-License-Identifier: Apache-2.0
#include "attacker.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace namegate::test {

const char* const kClosedPolicy =
    "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: nothing}\n"
    "spec: {selector: app == \"closed\", types: [Ingress, Egress]}\n";

namespace {

constexpr std::size_t kIp4Bytes = 20;
constexpr std::size_t kIp6Bytes = 40;

Mac parse_mac(const std::string& text) {
    std::array<unsigned, 6> parts{};
    if (std::sscanf(text.c_str(), "%x:%x:%x:%x:%x:%x", &parts[0], &parts[1], &parts[2], &parts[3], &parts[4], &parts[5]) != 6) {
        throw std::runtime_error("not a hardware address: " + text);
    }
    Mac mac{};
    for (std::size_t i = 0; i < mac.size(); ++i) {
        mac[i] = static_cast<std::uint8_t>(parts[i]);
    }
    return mac;
}

std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
        value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
    }
    return value;
}

// Nothing: not an IP packet, or one with options.
std::optional<std::string_view> ip_of(std::string_view frame) {
    if (frame.size() < kLinkBytes + kIp4Bytes) {
        return std::nullopt;
    }
    const std::string_view ip = frame.substr(kLinkBytes);
    const std::uint32_t type = number(frame, 12, 2);
    const bool v4 = type == 0x0800 && ip[0] == 0x45;
    const bool v6 = type == 0x86dd && ip.size() >= kIp6Bytes;
    return v4 || v6 ? std::optional(ip) : std::nullopt;
}

bool is_v4(std::string_view ip) { return ip[0] == 0x45; }
std::uint8_t protocol_of(std::string_view ip) { return static_cast<std::uint8_t>(ip[is_v4(ip) ? 9 : 6]); }
std::string_view body_of(std::string_view ip) { return ip.substr(is_v4(ip) ? kIp4Bytes : kIp6Bytes); }

std::string address_at(std::string_view ip, std::size_t place) {
    const std::size_t size = is_v4(ip) ? 4 : 16;
    const std::size_t at = (is_v4(ip) ? 12 : 8) + place * size;
    return IpAddress::from_bytes(reinterpret_cast<const std::uint8_t*>(ip.data()) + at, size)->to_string();
}

sockaddr_in6 socket_address(const std::string& address, std::uint16_t port, socklen_t& size) {
    sockaddr_in6 storage{};
    if (address.find(':') == std::string::npos) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        ::inet_pton(AF_INET, address.c_str(), &to.sin_addr);
        std::memcpy(&storage, &to, sizeof to);
        size = sizeof to;
        return storage;
    }
    storage.sin6_family = AF_INET6;
    storage.sin6_port = htons(port);
    ::inet_pton(AF_INET6, address.c_str(), &storage.sin6_addr);
    size = sizeof storage;
    return storage;
}

}  // namespace

void allow_forged_sources() { must_run("echo 0 | tee /proc/sys/net/ipv4/conf/all/rp_filter > /proc/sys/net/ipv4/conf/uplink/rp_filter"); }

AttackPod::AttackPod(const Node& node, const std::string& name, const std::string& role)
    : pod(node.add({name, "default", {{"app", role}}})),
      mac(parse_mac(pod->result["interfaces"][1]["mac"])),
      gateway_mac(parse_mac(pod->result["interfaces"][0]["mac"])),
      v4(pod->v4.to_string()),
      v6(pod->v6.to_string()),
      wire(RawSocket::inside(pod->netns, "eth0")) {}

Outsider::Outsider(const World& world)
    : mac(parse_mac(world.netns().must("cat /sys/class/net/eth0/address"))),
      node_mac(parse_mac(must_run("cat /sys/class/net/uplink/address"))),
      wire(RawSocket::inside(world.netns(), "eth0")) {}

std::optional<SeenSegment> read_segment(std::string_view frame) {
    const auto ip = ip_of(frame);
    if (!ip || protocol_of(*ip) != IPPROTO_TCP || body_of(*ip).size() < 20) {
        return std::nullopt;
    }
    const std::string_view tcp = body_of(*ip);
    SeenSegment out;
    out.source_port = static_cast<std::uint16_t>(number(tcp, 0, 2));
    out.destination_port = static_cast<std::uint16_t>(number(tcp, 2, 2));
    out.sequence = number(tcp, 4, 4);
    out.acknowledged = number(tcp, 8, 4);
    out.flags = static_cast<std::uint8_t>(number(tcp, 13, 1));
    return out;
}

std::optional<SeenSegment> wait_for_segment(RawSocket& wire, std::uint16_t source_port, std::uint16_t destination_port, std::uint8_t flags,
                                            Milliseconds most) {
    const auto fits = [&](std::string_view frame) {
        const auto segment = read_segment(frame);
        return segment && segment->source_port == source_port && segment->destination_port == destination_port &&
               (segment->flags & ~kPsh) == flags;
    };
    const auto frame = wire.find(fits, most);
    return frame ? read_segment(*frame) : std::nullopt;
}

std::optional<std::string> wait_for_icmp(RawSocket& wire, const std::string& to, std::uint8_t type, Milliseconds most) {
    const auto fits = [&](std::string_view frame) {
        const auto ip = ip_of(frame);
        return ip && protocol_of(*ip) == (is_v4(*ip) ? 1 : 58) && address_at(*ip, 1) == to && !body_of(*ip).empty() &&
               static_cast<std::uint8_t>(body_of(*ip)[0]) == type;
    };
    const auto frame = wire.find(fits, most);
    return frame ? std::optional(frame->substr(kLinkBytes)) : std::nullopt;
}

std::string source_of(std::string_view ip_packet) { return address_at(ip_packet, 0); }

Fd bound_udp(const TestNetns& netns, int family, std::uint16_t port) {
    Fd udp = socket_inside(netns, family, SOCK_DGRAM);
    socklen_t size = 0;
    const sockaddr_in6 any = socket_address(family == AF_INET ? "0.0.0.0" : "::", port, size);
    if (::bind(udp.get(), reinterpret_cast<const sockaddr*>(&any), size) != 0) {
        fail_with_errno("binding a UDP socket");
    }
    return udp;
}

void send_to(const Fd& udp, const std::string& address, std::uint16_t port, const std::string& text) {
    socklen_t size = 0;
    const sockaddr_in6 to = socket_address(address, port, size);
    if (::sendto(udp.get(), text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&to), size) < 0) {
        fail_with_errno("sending to " + address);
    }
}

bool hears(const Fd& udp, const std::string& text, Milliseconds most) {
    const auto deadline = SteadyClock::now() + most;
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t got = ::recv(udp.get(), buffer.data(), buffer.size(), 0);
        if (got >= 0) {
            if (std::string_view(buffer.data(), static_cast<std::size_t>(got)).substr(0, text.size()) == text) {
                return true;
            }
            continue;
        }
        const auto left = std::chrono::duration_cast<Milliseconds>(deadline - SteadyClock::now());
        pollfd one{udp.get(), POLLIN, 0};
        if (left.count() <= 0 || ::poll(&one, 1, static_cast<int>(left.count())) < 0) {
            return false;
        }
    }
}

void silence_kernel(const TestNetns& netns) {
    netns.must(
        "nft 'add table inet quiet; add chain inet quiet out { type filter hook output priority 0; }; "
        "add rule inet quiet out tcp flags & rst == rst drop; add rule inet quiet out icmp type destination-unreachable drop; "
        "add rule inet quiet out icmpv6 type destination-unreachable drop'");
}

void take_over_dns(const TestNetns& netns) {
    netns.must(
        "nft 'add table inet quiet; add chain inet quiet in { type filter hook input priority 0; }; "
        "add rule inet quiet in tcp dport 53 drop'");
}

Pause::Pause(Node& node) : node_(node) { node_.daemon()->signal(SIGSTOP); }

void Pause::end() {
    if (over_) {
        return;
    }
    over_ = true;
    node_.daemon()->signal(SIGCONT);
    static_cast<void>(eventually([this] { return node_.ask_daemon("status").has_value(); }));
    // Copies do not wake the daemon: its timer reads them.
    std::this_thread::sleep_for(kSettled);
}

void fill_held(const AttackPod& pod, std::uint16_t port) {
    constexpr unsigned kMoreThanItMay = 300;
    const Bytes segment = pod.frame().ip(pod.v4, kServer4).tcp(port, 53, kAck).payload("x").build();
    for (unsigned i = 0; i < kMoreThanItMay; ++i) {
        pod.wire.send(segment);
    }
}

}  // namespace namegate::test

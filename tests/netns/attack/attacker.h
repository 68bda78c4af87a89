// SPDX-License-Identifier: Apache-2.0
//
// The attackers: a pod that writes its frames itself, a machine on the node's own network, and what both see of the replies.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "raw_socket.h"
#include "site.h"
#include "support/packet.h"

namespace namegate::test {

// How long to wait for something that must not arrive, after something that did.
inline constexpr Milliseconds kSettled{80};
inline constexpr std::size_t kLinkBytes = 14;

// A policy that selects the pods with the label app=closed and allows them nothing in either direction.
extern const char* const kClosedPolicy;

// A pod with the label app=`role`, and its end of the wire.
struct AttackPod {
    AttackPod(const Node& node, const std::string& name, const std::string& role);

    Packet frame() const { return Packet().ethernet(mac, gateway_mac); }
    const std::string& own(bool v6_) const { return v6_ ? v6 : v4; }

    std::unique_ptr<Pod> pod;
    Mac mac{};
    Mac gateway_mac{};
    std::string v4;
    std::string v6;
    RawSocket wire;
};

// Whether a frame of the pod with these bytes got past the programs.
class PastPrograms {
  public:
    explicit PastPrograms(const AttackPod& pod) : v4_(pod.pod->host_ifname, ETH_P_IP), v6_(pod.pod->host_ifname, ETH_P_IPV6) {}
    bool saw(const std::string& text, Milliseconds most = kSettled) { return v4_.saw(text) || v6_.saw(text, most) || v4_.saw(text); }

  private:
    RawSocket v4_;
    RawSocket v6_;
};

// A machine on the network of the node's uplink.
struct Outsider {
    explicit Outsider(const World& world);

    // To the node, with any source.
    Packet frame() const { return Packet().ethernet(mac, node_mac); }

    Mac mac{};
    Mac node_mac{};
    RawSocket wire;
};

// IPv4 without the check that would drop forged sources; IPv6 has none.
void allow_forged_sources();

// A TCP segment of a frame without IP options.
struct SeenSegment {
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::uint32_t sequence = 0;
    std::uint32_t acknowledged = 0;
    std::uint8_t flags = 0;
};
std::optional<SeenSegment> read_segment(std::string_view frame);
// The next one with these ports and exactly these flags (except PSH), of those read so far or within the time.
std::optional<SeenSegment> wait_for_segment(RawSocket& wire, std::uint16_t source_port, std::uint16_t destination_port, std::uint8_t flags,
                                            Milliseconds most);
// The ICMP or ICMPv6 message of this type to the address, from its IP header on.
std::optional<std::string> wait_for_icmp(RawSocket& wire, const std::string& to, std::uint8_t type, Milliseconds most);
// The sender of the packet.
std::string source_of(std::string_view ip_packet);

// A UDP socket bound to the port in the namespace.
Fd bound_udp(const TestNetns& netns, int family, std::uint16_t port);
void send_to(const Fd& udp, const std::string& address, std::uint16_t port, const std::string& text);
// Whether a datagram that begins with the text arrives within the time; others are skipped.
bool hears(const Fd& udp, const std::string& text, Milliseconds most);

// Blocks what the kernel of the namespace would send by itself about a raw connection: RST, and replies to unknown ports.
void silence_kernel(const TestNetns& netns);

// Stops the kernel of the namespace from handling DNS over TCP, so that a test can be the server.
void take_over_dns(const TestNetns& netns);

// Stops the daemon's loop for a moment: less than the two seconds after which the programs hold nothing for it.
class Pause {
  public:
    explicit Pause(Node& node);
    ~Pause() { end(); }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;
    Pause(Pause&&) = delete;
    Pause& operator=(Pause&&) = delete;

    // Waits until the daemon replies: it has then read what was held for it.
    void end();

  private:
    Node& node_;
    bool over_ = false;
};

// Sends more segments to the server than the daemon may hold of one endpoint at a time.
void fill_held(const AttackPod& pod, std::uint16_t port);

}  // namespace namegate::test

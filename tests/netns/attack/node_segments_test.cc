// SPDX-License-Identifier: Apache-2.0
// Many segments in one buffer: what the node leaves to be split later (GSO) reaches a closed pod, what others do does not.
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>

#include "attacker.h"

namespace node_segments_test {

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr std::uint16_t kPort = 4000;
constexpr int kSegment = 1000;
constexpr std::size_t kSegments = 8;

// The kernel splits for the interface, instead of passing on what is not split.
void split_before(const std::string& ifname) {
    const Fd fd = open_socket(AF_INET, SOCK_DGRAM);
    for (const int feature : {ETHTOOL_SGSO, ETHTOOL_STSO, ETHTOOL_SSG}) {
        ethtool_value off{static_cast<std::uint32_t>(feature), 0};
        ifreq request{};
        ifname.copy(static_cast<char*>(request.ifr_name), IFNAMSIZ - 1);
        request.ifr_data = reinterpret_cast<char*>(&off);
        REQUIRE(::ioctl(fd.get(), SIOCETHTOOL, &request) == 0);
    }
}

// Several datagrams in one buffer.
void send_segments(const Fd& udp, const std::string& address, char mark) {
    REQUIRE(::setsockopt(udp.get(), SOL_UDP, UDP_SEGMENT, &kSegment, sizeof kSegment) == 0);
    send_to(udp, address, kPort, std::string(kSegment * kSegments, mark));
}

std::size_t count_heard(const Fd& udp, char mark, std::size_t most, Milliseconds time) {
    std::size_t heard = 0;
    while (heard < most && hears(udp, std::string(kSegment, mark), time)) {
        ++heard;
    }
    return heard;
}

// Much data over one connection of the node; whether all of it arrives.
bool node_streams(const IpAddress& to, const Fd& listener) {
    constexpr std::size_t kBytes = 1 << 20;
    Fd tcp = open_tcp(to);
    if (!connect_to(tcp, to, kPort, kBeforeRepeat).connected) {
        return false;
    }
    Fd accepted;
    if (!eventually([&] { return (accepted = Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK))).valid(); })) {
        return false;
    }
    std::array<char, 65536> buffer{};
    std::size_t sent = 0;
    std::size_t read = 0;
    const bool all = eventually([&] {
        for (ssize_t now = 1; now > 0 && sent<kBytes; sent += now> 0 ? static_cast<std::size_t>(now) : 0) {
            now = ::send(tcp.get(), buffer.data(), std::min(buffer.size(), kBytes - sent), MSG_DONTWAIT);
        }
        for (ssize_t now = 1; now > 0; read += now > 0 ? static_cast<std::size_t>(now) : 0) {
            now = ::recv(accepted.get(), buffer.data(), buffer.size(), 0);
        }
        return read == kBytes;
    });
    drop_connection(tcp);
    return all;
}

}  // namespace

TEST_CASE("segments in one buffer count as the node's own if the node sends them, however they are split") {
    Site site;
    site.node.write_policy("closed.yaml", kClosedPolicy);
    const AttackPod closed(site.node, "closed", "closed");
    const AttackPod open(site.node, "open", "open");
    const AttackPod other(site.node, "other", "open");
    for (const char* how : {"later", "before the interface"}) {
        INFO("split " << how);
        if (how == std::string("before the interface")) {
            split_before(closed.pod->host_ifname);
            split_before(open.pod->host_ifname);
        }
        for (const bool v6 : {false, true}) {
            INFO((v6 ? "IPv6" : "IPv4"));
            const int family = v6 ? AF_INET6 : AF_INET;
            const Fd at_closed = bound_udp(closed.pod->netns, family, kPort);
            const Fd at_open = bound_udp(open.pod->netns, family, kPort);
            const Fd of_other = socket_inside(other.pod->netns, family, SOCK_DGRAM);
            send_segments(of_other, closed.own(v6), 'a');
            send_segments(of_other, open.own(v6), 'a');
            CHECK(count_heard(at_open, 'a', kSegments, kPatience) == kSegments);
            CHECK(count_heard(at_closed, 'a', kSegments, kSettled) == 0);
            const Fd of_node = open_socket(family, SOCK_DGRAM);
            send_segments(of_node, closed.own(v6), 'n');
            CHECK(count_heard(at_closed, 'n', kSegments, kPatience) == kSegments);
            CHECK(node_streams(*IpAddress::parse(closed.own(v6)), listen_inside(closed.pod->netns, family, kPort)));
        }
    }
    for (const AttackPod* pod : {&closed, &open, &other}) {
        site.node.remove(*pod->pod);
    }
    CHECK(site.node.state() == "");
}

}  // namespace node_segments_test

// SPDX-License-Identifier: Apache-2.0
// The node's own packets keep passing: probes of kubelet, for example, reach a pod that is closed in both directions.
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>

#include "attacker.h"

namespace node_reaches_test {

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr std::uint16_t kPort = 8080;

// From a socket of the node, and the reply.
bool node_exchanges(const IpAddress& to, const Fd& in_pod, const std::string& text) {
    const Fd udp = open_socket(to.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM);
    static_cast<void>(connect_to(udp, to, kPort, Milliseconds(0)));
    if (::send(udp.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
        return false;
    }
    std::array<char, 2048> buffer{};
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    ssize_t got = -1;
    if (!eventually([&] {
            size = sizeof peer;
            got = ::recvfrom(in_pod.get(), buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&peer), &size);
            return got >= 0;
        })) {
        return false;
    }
    const ssize_t sent =
        ::sendto(in_pod.get(), buffer.data(), static_cast<std::size_t>(got), 0, reinterpret_cast<const sockaddr*>(&peer), size);
    return sent == got && hears(udp, text, kPatience);
}

// A connection that carries data both ways.
bool node_connects(const IpAddress& to, const Fd& listener) {
    Fd tcp = open_tcp(to);
    if (!connect_to(tcp, to, kPort, kBeforeRepeat).connected) {
        return false;
    }
    Fd accepted;
    if (!eventually([&] { return (accepted = Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC))).valid(); })) {
        return false;
    }
    std::array<char, 16> buffer{};
    const bool there = ::send(tcp.get(), "there", 5, 0) == 5 && ::recv(accepted.get(), buffer.data(), buffer.size(), 0) == 5;
    const bool back = ::send(accepted.get(), "back", 4, 0) == 4 && hears(tcp, "back", kPatience);
    drop_connection(tcp);
    return there && back;
}

}  // namespace

TEST_CASE("the node opens TCP and UDP and pings to a closed pod, with ipMasq and without") {
    const bool translated = GENERATE(false, true);
    INFO((translated ? "ipMasq, Reject" : "no translation, Drop"));
    Site site(translated ? "denyAction: Reject\n" : "");
    if (translated) {
        site.node.masquerade();
    }
    site.node.write_policy("closed.yaml", kClosedPolicy);
    const AttackPod closed(site.node, "closed", "closed");
    for (const int family : {AF_INET, AF_INET6}) {
        const IpAddress& address = family == AF_INET ? closed.pod->v4 : closed.pod->v6;
        INFO(address.to_string());
        const Fd udp = bound_udp(closed.pod->netns, family, kPort);
        const Fd listener = listen_inside(closed.pod->netns, family, kPort);
        CHECK(node_exchanges(address, udp, "a datagram"));
        CHECK(node_exchanges(address, udp, std::string(1400, 'x')));
        CHECK(node_connects(address, listener));
        CHECK(run_command("ping -c 2 -i 0.2 -W 2 " + address.to_string()).status == 0);
        CHECK(run_command("ping -c 1 -s 1400 -W 2 " + address.to_string()).status == 0);
        // No other host does.
        CHECK_FALSE(connects_from(site.world.netns(), address, kPort, kDenied));
        CHECK(site.world.netns().run("ping -c 1 -W 0.2 " + address.to_string()).status != 0);
    }
    site.node.remove(*closed.pod);
    run_command("nft delete table inet namegate");
    CHECK(site.node.state() == "");
}

TEST_CASE("the node learns that a closed pod's port is unreachable, and the pod that the node's port is") {
    Site site;
    site.node.write_policy("closed.yaml", kClosedPolicy);
    const AttackPod closed(site.node, "closed", "closed");
    for (const IpAddress& address : {closed.pod->v4, closed.pod->v6}) {
        INFO(address.to_string());
        const Fd tcp = open_tcp(address);
        CHECK(connect_to(tcp, address, 9, kBeforeRepeat).error == ECONNREFUSED);
        const Fd udp = open_socket(address.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM);
        static_cast<void>(connect_to(udp, address, 9, Milliseconds(0)));
        REQUIRE(::send(udp.get(), "x", 1, 0) == 1);
        int error = 0;
        CHECK(eventually([&] {
            socklen_t size = sizeof error;
            return ::getsockopt(udp.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error != 0;
        }));
        CHECK(error == ECONNREFUSED);
    }
    site.node.remove(*closed.pod);
    CHECK(site.node.state() == "");
}

}  // namespace node_reaches_test

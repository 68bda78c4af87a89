// SPDX-License-Identifier: Apache-2.0
// denyAction: Reject: what policy denies fails at once, in the pod and for peers that contact the pod, over real sockets.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <initializer_list>

#include "site.h"

namespace reject_test {

using namespace namegate;
using namespace namegate::test;

namespace {

const PodSpec kClient = {"client", "default", {{"app", "client"}}};
const PodSpec kServer = {"server", "default", {{"app", "server"}}};
const std::string kNothingIn =
    "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: nothing-in}\n"
    "spec: {selector: app == \"server\", types: [Ingress], ingress: []}\n---\n";
// A RST or ICMP error arrives within microseconds; what is only dropped fails after this, or never.
constexpr Milliseconds kAtOnce{2000};

// The error that the socket gets within the time; 0: none.
int error_within(const Fd& socket, Milliseconds most) {
    int error = 0;
    static_cast<void>(eventually(
        [&] {
            socklen_t size = sizeof error;
            return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0;
        },
        most));
    return error;
}

int connect_error(const TestNetns& from, const IpAddress& to, std::uint16_t port, Milliseconds most = kAtOnce) {
    return connect_to(socket_inside(from, to.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM), to, port, most).error;
}

// Of a datagram to a port that would echo it.
int send_error(const TestNetns& from, const IpAddress& to, std::uint16_t port, Milliseconds most = kAtOnce) {
    const Fd udp = socket_inside(from, to.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM);
    static_cast<void>(connect_to(udp, to, port, Milliseconds(0)));
    REQUIRE(::send(udp.get(), "x", 1, MSG_NOSIGNAL) == 1);
    return error_within(udp, most);
}

int prohibited(const IpAddress& to) { return to.is_v4() ? EHOSTUNREACH : EACCES; }

// A pod that has looked up one.test and is connected to it, under a policy that will name another domain.
struct Connected {
    explicit Connected(Site& at) : site(at) {
        site.world.set_name("one.test", {"198.18.0.1"});
        site.node.write_policy("policy.yaml", allow_domains("p", "app == \"client\"", {"one.test"}));
        site.node.start_daemon();
        pod = site.node.add(kClient);
        const auto answer = resolve(*pod, "one.test");
        REQUIRE((answer && !answer->addresses.empty()));
        server = answer->addresses[0];
        tcp = socket_inside(pod->netns, AF_INET, SOCK_STREAM);
        REQUIRE(connect_to(tcp, server, kTcpPort, kPatience).connected);
    }
    void tighten() const { site.node.write_policy("policy.yaml", allow_domains("p", "app == \"client\"", {"two.test"})); }

    Site& site;
    std::unique_ptr<Pod> pod;
    IpAddress server;
    Fd tcp;
};

}  // namespace

TEST_CASE("Reject: a pod's denied connections and datagrams fail at once") {
    Site site("denyAction: Reject\n");
    site.world.set_name("one.test", {"198.18.0.1", "2001:db8:f::1"});
    site.node.write_policy("policy.yaml", allow_domains("p", "app == \"client\"", {"one.test"}));
    SECTION("with the daemon") { site.node.start_daemon(); }
    SECTION("without it") {}
    const auto pod = site.node.add(kClient);
    for (const IpAddress& denied :
         {World::fresh_address(World::take_indexes(1), false), World::fresh_address(World::take_indexes(1), true)}) {
        INFO(denied.to_string());
        CHECK(connect_error(pod->netns, denied, kTcpPort) == ECONNREFUSED);
        CHECK(send_error(pod->netns, denied, kUdpPort) == prohibited(denied));
    }
    CHECK(reaches(*pod, "one.test", kPatience));
    site.node.remove(*pod);
    CHECK(site.node.state() == "");
}

TEST_CASE("Reject: a peer that contacts a pod that allows nothing in gets an error, outside the node and on it") {
    Site site("denyAction: Reject\n");
    site.node.write_policy("policy.yaml", kNothingIn);
    const auto server = site.node.add(kServer);
    const auto neighbour = site.node.add(kClient);
    const Fd listener4 = listen_inside(server->netns, AF_INET, 80);
    for (const IpAddress& address : {server->v4, server->v6}) {
        for (const TestNetns* from : std::initializer_list<const TestNetns*>{&site.world.netns(), &neighbour->netns}) {
            INFO(address.to_string() << (from == &neighbour->netns ? " from a pod" : " from afar"));
            CHECK(connect_error(*from, address, 80) == ECONNREFUSED);
            CHECK(send_error(*from, address, 9) == prohibited(address));
        }
    }
    site.node.remove(*neighbour);
    site.node.remove(*server);
}

TEST_CASE("Reject: a cut connection is reset, in the middle of large writes") {
    Site site("denyAction: Reject\n");
    const Connected open(site);
    const std::string large(60000, 'x');
    REQUIRE(echoes(open.tcp, large, kPatience));
    open.tighten();
    int error = 0;
    CHECK(eventually([&] {
        const bool sent = ::send(open.tcp.get(), large.data(), large.size(), MSG_NOSIGNAL) >= 0;
        error = sent ? error_within(open.tcp, Milliseconds(1)) : errno;
        return error != 0 && error != EAGAIN;
    }));
    CHECK((error == ECONNRESET || error == EPIPE));
    site.node.remove(*open.pod);
}

TEST_CASE("Drop, the default, sends no error") {
    Site site;
    site.node.write_policy("policy.yaml", allow_domains("p", "app == \"client\"", {"one.test"}) + kNothingIn);
    const auto pod = site.node.add(kClient);
    const auto server = site.node.add(kServer);
    const IpAddress denied = World::fresh_address(World::take_indexes(1), false);
    CHECK(connect_error(pod->netns, denied, kTcpPort, kDenied) == ETIMEDOUT);
    CHECK(send_error(pod->netns, denied, kUdpPort, kDenied) == 0);
    CHECK(connect_error(site.world.netns(), server->v4, 80, kDenied) == ETIMEDOUT);
    site.node.remove(*server);
    site.node.remove(*pod);
}

TEST_CASE("policyChange: Keep: an established connection outlives the rule that allowed it") {
    Site site("policyChange: Keep\n");
    const Connected open(site);
    open.tighten();
    CHECK(eventually([&] { return !connects_from(open.pod->netns, open.server, kTcpPort, kDenied); }));
    CHECK(echoes(open.tcp, "still here", kPatience));
    site.node.remove(*open.pod);
}

}  // namespace reject_test

// SPDX-License-Identifier: Apache-2.0
// The node's replies and errors reach a closed pod, but do not let it reply: a host that forges a pod's address, or the pod itself,
// could make the node send them.
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "attacker.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr std::uint16_t kNodePort = 8080;
constexpr std::uint16_t kPodPort = 4000;

Fd listen_on_node(std::uint16_t port) {
    Fd listener = open_socket(AF_INET6, SOCK_STREAM);
    const int on = 1;
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_port = htons(port);
    if (::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0 || ::listen(listener.get(), 16) != 0) {
        fail_with_errno("listening on the node");
    }
    return listener;
}

bool accepts(const Fd& listener, Milliseconds most) {
    return eventually([&] { return Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)).valid(); }, most);
}

// A host outside opens a connection in the pod's name; the pod continues it.
void complete_forged(AttackPod& pod, const Outsider& outside, bool v6, std::uint16_t port) {
    const std::string node = v6 ? kNodeAddress6 : kNodeAddress4;
    outside.wire.send(outside.frame().ip(pod.own(v6), node).tcp(port, kNodePort, kSyn).sequence(1000).build());
    const auto reply = wait_for_segment(pod.wire, kNodePort, port, kSyn | kAck, kPatience);
    REQUIRE(reply);
    CHECK(reply->acknowledged == 1001);
    pod.wire.send(pod.frame().ip(pod.own(v6), node).tcp(port, kNodePort, kAck).sequence(1001, reply->sequence + 1).build());
}

}  // namespace

TEST_CASE("a SYN with a closed pod's address as source does not let the pod reply") {
    Site site;
    allow_forged_sources();
    site.node.write_policy("closed.yaml", kClosedPolicy);
    AttackPod closed(site.node, "closed", "closed");
    AttackPod open(site.node, "open", "open");
    silence_kernel(closed.pod->netns);
    silence_kernel(open.pod->netns);
    const Outsider outside(site.world);
    const Fd listener = listen_on_node(kNodePort);
    std::uint16_t port = kPodPort;
    for (const bool v6 : {false, true}) {
        INFO((v6 ? "IPv6" : "IPv4"));
        complete_forged(open, outside, v6, port++);
        CHECK(accepts(listener, kPatience));
        complete_forged(closed, outside, v6, port++);
        CHECK_FALSE(accepts(listener, kSettled));
    }
    site.node.remove(*closed.pod);
    site.node.remove(*open.pod);
    CHECK(site.node.state() == "");
}

TEST_CASE("the node's RST to a forged segment does not let the pod send") {
    Site site;
    allow_forged_sources();
    site.node.write_policy("closed.yaml", kClosedPolicy);
    AttackPod closed(site.node, "closed", "closed");
    PastPrograms past(closed);
    const Outsider outside(site.world);
    std::uint16_t port = kPodPort;
    for (const bool v6 : {false, true}) {
        const std::string node = v6 ? kNodeAddress6 : kNodeAddress4;
        outside.wire.send(outside.frame().ip(closed.own(v6), node).tcp(++port, 9, kAck).sequence(1000, 2000).build());
        // Without a flow it may or may not reach the pod.
        static_cast<void>(wait_for_segment(closed.wire, 9, port, kRst, kSettled));
        closed.wire.send(closed.frame().ip(closed.own(v6), node).tcp(port, 9, kAck).payload("behind the reset").build());
        CHECK_FALSE(past.saw("behind the reset"));
    }
    site.node.remove(*closed.pod);
    CHECK(site.node.state() == "");
}

TEST_CASE("an ICMP error of the node that the pod's own packet caused does not open ICMP to the node") {
    Site site;
    site.node.write_policy("policy.yaml", allow_domains("asks", "app == \"asks\"", {"allowed.test"}));
    AttackPod pod(site.node, "asks", "asks");
    PastPrograms past(pod);
    for (const bool v6 : {false, true}) {
        INFO((v6 ? "IPv6" : "IPv4"));
        const Bytes question = DnsMessage::query("allowed.test").id(7).build();
        pod.wire.send(pod.frame().ip(pod.own(v6), v6 ? kServer6 : kServer4).ttl(1).udp(kPodPort, 53).payload(question).build());
        const auto error = wait_for_icmp(pod.wire, pod.own(v6), v6 ? 3 : 11, kPatience);
        REQUIRE(error);
        const std::string node = source_of(*error);
        INFO("the error came from " << node);
        pod.wire.send(pod.frame().ip(pod.own(v6), node).icmp(v6 ? 200 : 13, 0).payload("any other ICMP to the node").build());
        CHECK_FALSE(past.saw("any other ICMP to the node"));
    }
    site.node.remove(*pod.pod);
    CHECK(site.node.state() == "");
}

TEST_CASE("a port-unreachable error of the node to a forged source does not open ICMP to the node") {
    Site site;
    allow_forged_sources();
    site.node.write_policy("closed.yaml", kClosedPolicy);
    AttackPod closed(site.node, "closed", "closed");
    PastPrograms past(closed);
    const Outsider outside(site.world);
    for (const bool v6 : {false, true}) {
        INFO((v6 ? "IPv6" : "IPv4"));
        const std::string node = v6 ? kNodeAddress6 : kNodeAddress4;
        outside.wire.send(outside.frame().ip(closed.own(v6), node).udp(kPodPort, 9).payload("x").build());
        REQUIRE(wait_for_icmp(closed.wire, closed.own(v6), v6 ? 1 : 3, kPatience));
        closed.wire.send(closed.frame().ip(closed.own(v6), node).icmp(v6 ? 200 : 13, 0).payload("any other ICMP").build());
        CHECK_FALSE(past.saw("any other ICMP"));
    }
    site.node.remove(*closed.pod);
    CHECK(site.node.state() == "");
}

// SPDX-License-Identifier: Apache-2.0
// A pod that writes its frames itself: nothing leaves it that its policy does not allow, in any form.
#include <netinet/in.h>

#include <catch2/catch.hpp>
#include <cstdio>

#include "raw_socket.h"
#include "site.h"
#include "support/packet.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr std::uint16_t kOwnEtherType = 0x88b5;  // IEEE 802, for experiments
constexpr const char* kAllowed4 = "198.18.0.1";
constexpr const char* kAllowed6 = "2001:db8:1::1";
constexpr const char* kForbidden4 = "198.18.0.2";
constexpr const char* kForbidden6 = "2001:db8:1::2";

Mac parse_mac(const std::string& text) {
    std::array<unsigned, 6> parts{};
    REQUIRE(std::sscanf(text.c_str(), "%x:%x:%x:%x:%x:%x", &parts[0], &parts[1], &parts[2], &parts[3], &parts[4], &parts[5]) == 6);
    Mac mac{};
    for (std::size_t i = 0; i < mac.size(); ++i) {
        mac[i] = static_cast<std::uint8_t>(parts[i]);
    }
    return mac;
}

// A pod that writes to the wire directly.
struct HostilePod {
    HostilePod(Node& node, const std::string& name, const std::string& role) : pod(PodSpec{name, "default", {{"app", role}}}) {
        const CniReply reply = node.call("ADD", pod);
        INFO(reply.text());
        REQUIRE(reply.status == 0);
        gateway_mac = parse_mac(reply.output["interfaces"][0]["mac"]);
        mac = parse_mac(reply.output["interfaces"][1]["mac"]);
        v4 = pod.v4.to_string();
        v6 = pod.v6.to_string();
        wire.emplace(RawSocket::inside(pod.netns, "eth0"));
    }

    Packet frame() const { return Packet().ethernet(mac, gateway_mac); }
    Packet udp(const std::string& from, const std::string& to) const { return frame().ip(from, to).udp(4000, kUdpPort); }

    Pod pod;
    Mac mac{};
    Mac gateway_mac{};
    std::string v4;
    std::string v6;
    std::optional<RawSocket> wire;
};

struct Trial {
    const char* name;
    Packet packet;
    bool needs_payload = true;
};

// The world's side of the uplink, and a way to know that all that was sent before has arrived.
class Witness {
  public:
    explicit Witness(const World& world) : wire_(RawSocket::inside(world.netns(), "eth0")) {}

    void expect_silence(const HostilePod& from, const std::vector<Trial>& trials) {
        for (const Trial& trial : trials) {
            from.wire->send(Packet(trial.packet).payload("hostile: " + std::string(trial.name)).build());
        }
        // Allowed packets of both families follow them on the same path, in order.
        const std::string token = "witness " + std::to_string(counter_++);
        from.wire->send(from.udp(from.v4, kAllowed4).payload(token + " v4").build());
        from.wire->send(from.udp(from.v6, kAllowed6).payload(token + " v6").build());
        CHECK(wire_.saw(token + " v4", kPatience));
        CHECK(wire_.saw(token + " v6", kPatience));
        for (const Trial& trial : trials) {
            INFO(trial.name);
            CHECK_FALSE(wire_.saw("hostile: " + std::string(trial.name)));
        }
    }

    RawSocket& wire() { return wire_; }

  private:
    RawSocket wire_;
    unsigned counter_ = 0;
};

void set_names(Site& site) {
    site.world.set_name("allowed.test", {kAllowed4, kAllowed6});
    site.node.write_policy("policy.yaml", allow_domains("hostile", "app == \"policed\"", {"allowed.test"}));
}

// Looks up both addresses of the allowed name, so that a witness can pass.
void open_way(const HostilePod& pod) {
    REQUIRE(resolve(pod.pod, "allowed.test"));
    REQUIRE(resolve(pod.pod, "allowed.test", kTypeAaaa));
}

std::vector<Trial> forbidden_shapes(const HostilePod& p) {
    const Bytes record_route = {7, 7, 4, 0, 0, 0, 0};
    const Bytes loose_route = {131, 7, 4, 198, 18, 0, 2};
    const Bytes type0_route = {0, 0, 0, 0, 0, 0};
    return {
        {"udp", p.udp(p.v4, kForbidden4)},
        {"udp6", p.udp(p.v6, kForbidden6)},
        {"syn", p.frame().ip(p.v4, kForbidden4).tcp(4000, kTcpPort)},
        {"ack without a flow", p.frame().ip(p.v4, kForbidden4).tcp(4001, kTcpPort, kAck)},
        {"rst without a flow", p.frame().ip(p.v6, kForbidden6).tcp(4001, kTcpPort, kRst)},
        {"syn and ack", p.frame().ip(p.v4, kForbidden4).tcp(4002, kTcpPort, kSyn | kAck)},
        {"echo", p.frame().ip(p.v4, kForbidden4).icmp(8, 0, 1)},
        {"echo6", p.frame().ip(p.v6, kForbidden6).icmp(128, 0, 1)},
        {"unreachable about nothing", p.frame().ip(p.v4, kForbidden4).icmp(3, 1)},
        {"experimental protocol", p.frame().ip(p.v4, kForbidden4).protocol(253)},
        {"ip in ip", p.frame().ip(p.v4, kForbidden4).protocol(4)},
        {"ip6 in ip6", p.frame().ip(p.v6, kForbidden6).protocol(41)},
        {"record route", p.frame().ip(p.v4, kForbidden4).options(record_route).udp(4000, kUdpPort)},
        {"loose source route", p.frame().ip(p.v4, kAllowed4).options(loose_route).tcp(4003, 9, kAck)},
        {"hop by hop", p.frame().ip(p.v6, kForbidden6).extension(0).udp(4000, kUdpPort)},
        {"destination options", p.frame().ip(p.v6, kForbidden6).extension(60).extension(60).udp(4000, kUdpPort)},
        {"routing header", p.frame().ip(p.v6, kAllowed6).extension(43, type0_route).udp(4000, kUdpPort)},
        {"dns port over tcp", p.frame().ip(p.v4, kForbidden4).tcp(4000, 53)},
    };
}

std::vector<Trial> fragments(const HostilePod& p) {
    return {
        {"later fragment", p.frame().ip(p.v4, kAllowed4).fragment(71, 1480, false).protocol(17)},
        {"later fragment6", p.frame().ip(p.v6, kAllowed6).fragment(72, 1480, false).protocol(17)},
        {"middle fragment to the forbidden", p.frame().ip(p.v4, kForbidden4).fragment(73, 8, true).protocol(6)},
        {"first fragment to the forbidden", p.frame().ip(p.v4, kForbidden4).fragment(74, 0, true).udp(4000, kUdpPort)},
        {"and what follows it", p.frame().ip(p.v4, kForbidden4).fragment(74, 24, false).protocol(17)},
        {"first fragment6 to the forbidden", p.frame().ip(p.v6, kForbidden6).fragment(75, 0, true).udp(4000, kUdpPort)},
        {"and what follows it6", p.frame().ip(p.v6, kForbidden6).fragment(75, 24, false).protocol(17)},
    };
}

}  // namespace

TEST_CASE("a packet with a source that is not the pod's own does not leave it, with or without policy") {
    Site site;
    set_names(site);
    HostilePod neighbour(site.node, "neighbour", "open");
    const HostilePod pod(site.node, "open", "open");
    Witness witness(site.world);
    const Mac stranger{0x02, 0, 0, 0, 0, 0x77};
    witness.expect_silence(pod,
                           {
                               {"spoofed neighbour", pod.udp(neighbour.v4, kAllowed4)},
                               {"spoofed neighbour6", pod.udp(neighbour.v6, kAllowed6)},
                               {"spoofed world", pod.udp(kForbidden4, kAllowed4)},
                               {"spoofed world6", pod.udp(kForbidden6, kAllowed6)},
                               {"spoofed node", pod.udp(kNodeAddress4, kAllowed4)},
                               {"no source", pod.udp("0.0.0.0", kAllowed4)},
                               {"spoofed mac", Packet().ethernet(stranger, pod.gateway_mac).ip(pod.v4, kAllowed4).udp(4000, kUdpPort)},
                               {"spoofed mac6", Packet().ethernet(stranger, pod.gateway_mac).ip(pod.v6, kAllowed6).udp(4000, kUdpPort)},
                               {"spoofed fragment", pod.frame().ip(neighbour.v4, kAllowed4).fragment(70, 0, true).udp(4000, kUdpPort)},
                           });
    site.node.remove(pod.pod);
    site.node.remove(neighbour.pod);
    CHECK(site.node.state() == "");
}

TEST_CASE("no form of packet bypasses a policy that denies its destination; no fragment passes without its first") {
    Site site;
    set_names(site);
    const HostilePod pod(site.node, "policed", "policed");
    open_way(pod);
    Witness witness(site.world);
    witness.expect_silence(pod, forbidden_shapes(pod));
    witness.expect_silence(pod, fragments(pod));
    // A datagram in regular fragments gets there and back.
    CHECK(echoes_from(pod.pod.netns, *IpAddress::parse(kAllowed4), kUdpPort, std::string(3000, 'a'), kPatience));
    CHECK(echoes_from(pod.pod.netns, *IpAddress::parse(kAllowed6), kUdpPort, std::string(3000, 'b'), kPatience));
    site.node.remove(pod.pod);
    CHECK(site.node.state() == "");
}

TEST_CASE("VLAN tags, other protocols and claims to other pods' addresses are dropped at the interface") {
    Site site;
    set_names(site);
    const HostilePod neighbour(site.node, "neighbour", "open");
    const HostilePod pod(site.node, "open", "open");
    Witness witness(site.world);
    // A frame that one of these sockets sees has passed the programs. The last part of the test shows that they would see tagged frames
    // too.
    RawSocket other(pod.pod.host_ifname, kOwnEtherType);
    RawSocket arp(pod.pod.host_ifname, ETH_P_ARP);
    RawSocket plain(pod.pod.host_ifname, ETH_P_IP);
    const std::vector<Bytes> frames = {
        pod.frame().vlan(5).ip(pod.v4, kAllowed4).udp(4000, kUdpPort).payload("hostile: tagged").build(),
        pod.frame().vlan(0).ip(pod.v4, kAllowed4).udp(4000, kUdpPort).payload("hostile: tagged with nothing").build(),
        pod.frame().vlan(6, 0x88a8).ip(pod.v4, kAllowed4).udp(4000, kUdpPort).payload("hostile: service tag").build(),
        pod.frame().ether_type(kOwnEtherType).payload("hostile: raw").build(),
    };
    for (const Bytes& frame : frames) {
        pod.wire->send(frame);
    }
    Bytes claim = pod.frame().arp(2, pod.mac, neighbour.v4, "169.254.1.1").build();
    const std::string mark = "hostile: claim";
    claim.insert(claim.end(), mark.begin(), mark.end());
    pod.wire->send(claim);
    Bytes honest = pod.frame().arp(1, pod.mac, pod.v4, "169.254.1.1").build();
    const std::string honest_mark = "honest";
    honest.insert(honest.end(), honest_mark.begin(), honest_mark.end());
    pod.wire->send(honest);
    witness.expect_silence(pod, {});
    CHECK(plain.saw("witness 0 v4"));
    CHECK(arp.saw("honest"));
    CHECK_FALSE(plain.saw("hostile"));
    CHECK_FALSE(other.saw("hostile"));
    CHECK_FALSE(arp.saw("hostile"));
    CHECK_FALSE(witness.wire().saw("hostile"));

    // Without namegate on the interface the same sockets see the same frames.
    must_run("ip link add bare0 type veth peer name bare1 && ip link set bare0 up && ip link set bare1 up");
    RawSocket bare_plain("bare0", ETH_P_IP);
    RawSocket bare_other("bare0", kOwnEtherType);
    const RawSocket sender("bare1", ETH_P_ALL);
    for (const Bytes& frame : frames) {
        sender.send(frame);
    }
    CHECK(bare_plain.saw("hostile: tagged", kPatience));
    CHECK(bare_plain.saw("hostile: service tag", kPatience));
    CHECK(bare_other.saw("hostile: raw", kPatience));
    must_run("ip link del bare0");
    site.node.remove(pod.pod);
    site.node.remove(neighbour.pod);
    CHECK(site.node.state() == "");
}

TEST_CASE("the node always reaches its pods; they reach it as their policy says") {
    Site site;
    site.node.write_policy("closed.yaml",
                           "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: nothing}\n"
                           "spec: {selector: role == \"closed\", types: [Ingress, Egress]}\n");
    const auto closed = site.node.add({"closed", "default", {{"role", "closed"}}});
    const auto open = site.node.add({"open", "default", {}});
    const Fd in_closed = listen_inside(closed->netns, AF_INET6, 8080);
    const Fd in_open = listen_inside(open->netns, AF_INET6, 8080);
    const auto from_node = [](const IpAddress& address) {
        Fd tcp = open_tcp(address);
        const bool connected = connect_to(tcp, address, 8080, kBeforeRepeat).connected;
        drop_connection(tcp);
        return connected;
    };
    for (const IpAddress& address : {closed->v4, closed->v6}) {
        INFO(address.to_string());
        CHECK(from_node(address));
        CHECK(run_command("ping -c 1 -W 1 " + address.to_string()).status == 0);
        // A forwarded packet does not count as the node's own.
        CHECK_FALSE(connects_from(site.world.netns(), address, 8080, kDenied));
        CHECK_FALSE(connects_from(open->netns, address, 8080, kDenied));
    }
    CHECK(connects_from(site.world.netns(), open->v4, 8080, kBeforeRepeat));
    Fd on_node = open_socket(AF_INET6, SOCK_STREAM);
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_port = htons(8080);
    REQUIRE(::bind(on_node.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0);
    REQUIRE(::listen(on_node.get(), 16) == 0);
    for (const char* address : {kNodeAddress4, kNodeAddress6}) {
        CHECK(connects_from(open->netns, *IpAddress::parse(address), 8080, kBeforeRepeat));
        CHECK_FALSE(connects_from(closed->netns, *IpAddress::parse(address), 8080, kDenied));
    }
    site.node.remove(*closed);
    site.node.remove(*open);
    CHECK(site.node.state() == "");
}

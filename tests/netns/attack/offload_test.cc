// SPDX-License-Identifier: Apache-2.0
// A sender can leave work to the kernel, or keep the memory of a frame, which the kernel copies at the veth. Neither may change
// what was judged.
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>

#include "attacker.h"
#include "offload_frame.h"

namespace offload_test {

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr const char* kPeer4 = "198.18.0.1";
constexpr const char* kPeer6 = "2001:db8:1::1";
constexpr std::uint16_t kPodPort = 40000;
constexpr std::uint16_t kOpenPort = 5000;
constexpr std::uint16_t kClosedPort = 9999;
constexpr std::uint16_t kUdpSum = 6;
constexpr std::uint16_t kTcpSum = 16;
constexpr std::uint16_t kTransport4 = 34;  // offsets in a frame
constexpr std::uint16_t kTransport6 = 54;

// UDP to one port of one address of each family, TCP to another, and to a tunnel's other end.
constexpr const char* kPolicy =
    "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: p}\n"
    "spec: {selector: app == \"p\", types: [Egress], egress: [\n"
    "  {action: Allow, protocol: UDP, destination: {nets: [198.18.0.1/32], ports: [5000, 7]}},\n"
    "  {action: Allow, protocol: UDP, destination: {nets: ['2001:db8:1::1/128'], ports: [5000]}},\n"
    "  {action: Allow, protocol: TCP, destination: {nets: [198.18.0.1/32], ports: [443]}},\n"
    "  {action: Allow, protocol: 41, destination: {nets: [198.18.0.1/32]}}]}\n";

std::uint32_t sum_from(const Bytes& bytes, std::size_t from) {
    std::uint32_t sum = 0;
    for (std::size_t i = from; i < bytes.size(); i += 2) {
        sum += static_cast<std::uint32_t>(bytes[i] << 8) + (i + 1 < bytes.size() ? bytes[i + 1] : 0U);
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

void put16(Bytes& bytes, std::size_t at, std::uint16_t value) {
    bytes[at] = static_cast<std::uint8_t>(value >> 8);
    bytes[at + 1] = static_cast<std::uint8_t>(value);
}

// Sets the last two bytes so that the kernel writes `wanted` when it sums up from `start` on.
Bytes steered(Bytes frame, std::size_t start, std::uint16_t wanted) {
    put16(frame, frame.size() - 2, 0);
    const auto rest = static_cast<std::uint16_t>(~wanted) + 0xffffU - sum_from(frame, start);
    put16(frame, frame.size() - 2, static_cast<std::uint16_t>(rest % 0xffff));
    return frame;
}

// The frame as a sender with offload leaves it: the checksum field has the sum of the pseudo header alone.
Bytes unfinished(Bytes frame, std::uint16_t transport, std::uint16_t field) {
    const std::uint16_t whole = static_cast<std::uint16_t>(frame[transport + field] << 8 | frame[transport + field + 1U]);
    put16(frame, transport + field, 0);
    const std::uint32_t pseudo = static_cast<std::uint16_t>(~whole) + 0xffffU - sum_from(frame, transport);
    put16(frame, transport + field, static_cast<std::uint16_t>(pseudo % 0xffff));
    return frame;
}

constexpr std::uint8_t kFragmentUdp = 3;

// As a network card that completes no checksums: the kernel does it, before it sends.
void complete_checksums(const std::string& ifname) {
    const Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    for (const int feature : {ETHTOOL_SSG, ETHTOOL_STSO, ETHTOOL_STXCSUM}) {
        ethtool_value off{static_cast<std::uint32_t>(feature), 0};
        ifreq request{};
        ifname.copy(static_cast<char*>(request.ifr_name), IFNAMSIZ - 1);
        request.ifr_data = reinterpret_cast<char*>(&off);
        REQUIRE(::ioctl(fd.get(), SIOCETHTOOL, &request) == 0);
    }
}

struct Rewriting {
    const char* mark;
    Bytes frame;
    std::uint16_t start;
    std::uint16_t offset;
    std::uint16_t wanted;
};

}  // namespace

TEST_CASE("the kernel completes a pod's checksums, and writes nothing else") {
    Site site;
    site.node.write_policy("p.yaml", kPolicy);
    complete_checksums("uplink");
    AttackPod pod(site.node, "p", "p");
    silence_kernel(pod.pod->netns);
    Outsider outside(site.world);
    const auto udp = [&](bool v6, const char* mark) {
        return pod.frame().ip(pod.own(v6), v6 ? kPeer6 : kPeer4).udp(kPodPort, kOpenPort).payload(std::string(mark) + "  ").build();
    };
    const std::vector<Rewriting> all = {
        {"a UDP port", udp(false, "a UDP port"), kTransport4, 2, kClosedPort},
        {"a port of IPv6", udp(true, "a port of IPv6"), kTransport6, 2, kClosedPort},
        {"a destination", udp(true, "a destination "), 22, 30, 2},
        {"a source", udp(true, "a source"), 22, 14, 0x77},
        {"a next header", udp(true, "a next header "), 20, 0, 0x0611},
        {"a length", udp(false, "a length"), kTransport4, 4, 0x0400},
        {"flags of TCP", pod.frame().ip(pod.v4, kPeer4).tcp(kPodPort, kTcpPort, kAck).payload("flags of TCP  ").build(), kTransport4, 12,
         0x5002},
        {"a sum of UDP in TCP", pod.frame().ip(pod.v4, kPeer4).tcp(kPodPort, kTcpPort).payload("a sum of UDP in TCP  ").build(),
         kTransport4, 6, 7},
        {"data of TCP", pod.frame().ip(pod.v4, kPeer4).tcp(kPodPort, kTcpPort).payload("data of TCP, some of it  ").build(), kTransport4,
         40, 7},
        {"into a tunnel", pod.frame().ip(pod.v4, kPeer4).protocol(41).payload("into a tunnel  ").build(), 22, 10, 7},
    };
    for (const Rewriting& one : all) {
        send_with(pod.pod->netns, "eth0", steered(one.frame, one.start, one.wanted), sum_at(one.start, one.offset));
    }
    Bytes arp = pod.frame().arp(1, pod.mac, pod.v4, "169.254.1.1").build();
    const std::string mark = "sender of ARP ";
    arp.insert(arp.end(), mark.begin(), mark.end());
    RawSocket passed(pod.pod->host_ifname, ETH_P_ARP);
    send_with(pod.pod->netns, "eth0", arp, sum_at(20, 8));
    // A correct packet leaves with a correct checksum: the echo server replies to it, over TCP, UDP and in a tunnel.
    const Bytes own = pod.frame().ip(pod.v4, kPeer4).udp(kPodPort, kUdpPort).payload("honest").build();
    send_with(pod.pod->netns, "eth0", unfinished(own, kTransport4, kUdpSum), sum_at(kTransport4, kUdpSum));
    CHECK(eventually([&] { return site.world.heard("honest"); }));
    const Bytes syn = pod.frame().ip(pod.v4, kPeer4).tcp(kPodPort + 1, kTcpPort).build();
    send_with(pod.pod->netns, "eth0", unfinished(syn, kTransport4, kTcpSum), sum_at(kTransport4, kTcpSum));
    CHECK(wait_for_segment(pod.wire, kTcpPort, kPodPort + 1, kSyn | kAck, kPatience));
    const Bytes inner = Packet().ip("2001:db8:8::1", "2001:db8:8::2").udp(1, 2).payload("in a tunnel").build_ip();
    const Bytes outer = pod.frame().ip(pod.v4, kPeer4).protocol(41).payload(inner).build();
    send_with(pod.pod->netns, "eth0", unfinished(outer, kTransport4 + 40, kUdpSum), sum_at(kTransport4 + 40, kUdpSum));
    CHECK(outside.wire.saw(std::string_view(reinterpret_cast<const char*>(inner.data()), inner.size()), kPatience));
    for (const Rewriting& one : all) {
        INFO(one.mark);
        CHECK_FALSE(outside.wire.saw(one.mark, kSettled));
    }
    CHECK_FALSE(passed.saw("sender of ARP", kSettled));
    site.node.remove(*pod.pod);
}

TEST_CASE("a checksum that is completed on a pod's interface does not change what was judged there") {
    Site site;
    site.node.write_policy(
        "p.yaml",
        "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: p}\nspec: {selector: app == \"p\", "
        "types: [Ingress], ingress: [{action: Allow, protocol: UDP, destination: {ports: [5000]}}]}\n");
    AttackPod pod(site.node, "p", "p");
    complete_checksums(pod.pod->host_ifname);
    const Outsider outside(site.world);
    const Bytes honest = outside.frame().ip(kPeer4, pod.v4).udp(kPodPort, kOpenPort).payload("honest").build();
    const Bytes other = outside.frame().ip(kPeer4, pod.v4).udp(kPodPort, kOpenPort).payload("rewritten  ").build();
    send_with(site.world.netns(), "eth0", steered(other, kTransport4, kClosedPort), sum_at(kTransport4, 2));
    send_with(site.world.netns(), "eth0", unfinished(honest, kTransport4, kUdpSum), sum_at(kTransport4, kUdpSum));
    CHECK(pod.wire.saw("honest", kPatience));
    CHECK_FALSE(pod.wire.saw("rewritten", kSettled));
    site.node.remove(*pod.pod);
}

TEST_CASE("a datagram that the kernel is to split is split before it is judged") {
    Site site;
    site.node.write_policy("p.yaml", kPolicy);
    AttackPod pod(site.node, "p", "p");
    RawSocket passed(pod.pod->host_ifname, ETH_P_IP);
    const auto send = [&](std::uint16_t size, char mark) {
        const Bytes whole = pod.frame().ip(pod.v4, kPeer4).udp(kPodPort, kOpenPort).payload(std::string(64, mark)).build();
        OffloadHeader header = sum_at(kTransport4, kUdpSum);
        header.gso_type = kFragmentUdp;
        header.gso_size = size;
        header.hdr_len = kTransport4 + 8;
        send_with(pod.pod->netns, "eth0", unfinished(whole, kTransport4, kUdpSum), header);
    };
    // No veth accepts this work, so the pod's own kernel does it, and the node sees fragments.
    send(4, 'a');  // the first of them without a complete header
    send(16, 'b');
    const auto first = passed.find([](std::string_view frame) { return frame.find("bbbbbbbb") != std::string_view::npos; }, kPatience);
    REQUIRE(first);
    CHECK(first->size() == kTransport4 + 16U);
    CHECK_FALSE(passed.saw("aaaa", kSettled));
    site.node.remove(*pod.pod);
}

namespace {

// Frames that stay in the sender's own memory in transit (PACKET_TX_RING).
class SharedFrames {
  public:
    explicit SharedFrames(const TestNetns& netns) {
        run_inside(netns, [&] {
            fd_ = Fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
            const int version = TPACKET_V2;
            REQUIRE(::setsockopt(fd_.get(), SOL_PACKET, PACKET_VERSION, &version, sizeof version) == 0);
            const tpacket_req ring{kBlock, 1, kFrame, kBlock / kFrame};
            REQUIRE(::setsockopt(fd_.get(), SOL_PACKET, PACKET_TX_RING, &ring, sizeof ring) == 0);
            sockaddr_ll to{};
            to.sll_family = AF_PACKET;
            to.sll_protocol = htons(ETH_P_ALL);
            to.sll_ifindex = static_cast<int>(::if_nametoindex("eth0"));
            REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
        });
        void* memory = ::mmap(nullptr, kBlock, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
        REQUIRE(memory != MAP_FAILED);
        memory_ = static_cast<std::uint8_t*>(memory);
    }
    ~SharedFrames() { ::munmap(memory_, kBlock); }
    SharedFrames(const SharedFrames&) = delete;
    SharedFrames& operator=(const SharedFrames&) = delete;
    SharedFrames(SharedFrames&&) = delete;
    SharedFrames& operator=(SharedFrames&&) = delete;

    // Both may be sent once.
    void send(std::size_t place, const Bytes& frame) {
        change(place, frame);
        tpacket2_hdr header{};
        header.tp_len = static_cast<std::uint32_t>(frame.size());
        header.tp_status = TP_STATUS_SEND_REQUEST;
        std::memcpy(memory_ + place * kFrame, &header, sizeof header);
        REQUIRE(::send(fd_.get(), nullptr, 0, 0) == static_cast<ssize_t>(frame.size()));
    }
    void change(std::size_t place, const Bytes& frame) { std::memcpy(memory_ + place * kFrame + kDataOffset, frame.data(), frame.size()); }

  private:
    static constexpr std::uint32_t kBlock = 4096;
    static constexpr std::uint32_t kFrame = 2048;
    static constexpr std::size_t kDataOffset = (sizeof(tpacket2_hdr) + 15) / 16 * 16;
    Fd fd_;
    std::uint8_t* memory_ = nullptr;
};

}  // namespace

TEST_CASE("the sender can no longer change what was judged") {
    Site site;
    site.node.write_policy("p.yaml", kPolicy);
    AttackPod pod(site.node, "p", "p");
    Outsider outside(site.world);
    // The node keeps a packet until it knows the next hop's hardware address, for which it asks a few times.
    site.world.netns().must(
        "nft 'table ip6 late { chain in { type filter hook prerouting priority 0; icmpv6 type nd-neighbor-solicit drop; }; }'");
    must_run("ip -6 neigh flush dev uplink");
    const auto plain = [&](std::uint16_t port) {
        return pod.frame().ip(pod.v6, kPeer6).udp(kPodPort, port).payload("behind a plain header").build();
    };
    const auto extended = [&](std::uint16_t port) {
        return pod.frame().ip(pod.v6, kPeer6).extension(60, Bytes(30, 0)).udp(kPodPort, port).payload("behind options").build();
    };
    SharedFrames shared(pod.pod->netns);
    shared.send(0, plain(kOpenPort));
    shared.send(1, extended(kOpenPort));
    shared.change(0, plain(kClosedPort));
    shared.change(1, extended(kClosedPort));
    site.world.netns().must("nft delete table ip6 late");
    const auto port = [&](const char* mark, std::size_t transport) -> unsigned {
        const auto frame = outside.wire.find([&](std::string_view one) { return one.find(mark) != std::string_view::npos; }, kPatience);
        if (!frame) {
            return 0;
        }
        const unsigned high = static_cast<std::uint8_t>((*frame)[transport + 2]);
        return high << 8U | static_cast<std::uint8_t>((*frame)[transport + 3]);
    };
    CHECK(port("behind a plain header", kTransport6) == kOpenPort);
    CHECK(port("behind options", kTransport6 + 32) == kOpenPort);
    site.node.remove(*pod.pod);
}

}  // namespace offload_test

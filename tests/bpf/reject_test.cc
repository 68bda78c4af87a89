// SPDX-License-Identifier: Apache-2.0
//
// denyAction: Reject: the reply to a denied packet, byte by byte, and what never gets one.
#include <catch2/catch.hpp>

#include "traffic.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr std::size_t kLink = 14;
constexpr std::uint8_t kEcho4 = 8;
constexpr std::uint8_t kEcho6 = 128;
constexpr std::uint8_t kSctp = 132;
const std::string kNothing = policy_of("Egress", {}, "nothing-out") + "---\n" + policy_of("Ingress", {}, "nothing-in");

struct Remote {
    const char* address;
    bool v6;
    std::size_t ip() const { return v6 ? 40 : 20; }
    std::size_t transport() const { return kLink + ip(); }
};
constexpr Remote kRemotes[] = {{"192.0.2.1", false}, {"2001:db8::1", true}};

datapath::EndpointPolicies rejecting() {
    datapath::EndpointPolicies behaviour;
    behaviour.reject = true;
    return behaviour;
}

unsigned at16(const Bytes& bytes, std::size_t at) { return static_cast<unsigned>(bytes.at(at) << 8 | bytes.at(at + 1)); }
std::uint32_t at32(const Bytes& bytes, std::size_t at) { return at16(bytes, at) << 16 | at16(bytes, at + 2); }
Bytes part(const Bytes& bytes, std::size_t from, std::size_t size) {
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(from);
    return {begin, begin + static_cast<std::ptrdiff_t>(size)};
}

std::uint32_t fold(std::uint32_t sum) {
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}
std::uint32_t sum_of(const Bytes& bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
        sum += at16(bytes, i);
    }
    return fold(sum);
}
// Over everything that the checksum of the reply covers: 0xffff when it is correct.
std::uint32_t covered(const Bytes& answer, const Remote& remote) {
    const Bytes transport = part(answer, remote.transport(), answer.size() - remote.transport());
    const unsigned protocol = remote.v6 ? answer[kLink + 6] : answer[kLink + 9];
    std::uint32_t sum = sum_of(transport);
    if (remote.v6 || protocol == 6) {
        const Bytes addresses = remote.v6 ? part(answer, kLink + 8, 32) : part(answer, kLink + 12, 8);
        sum += sum_of(addresses) + protocol + static_cast<std::uint32_t>(transport.size());
    }
    return fold(sum);
}
// What a device makes of a reply with the unfinished checksum of the denied packet, at this offset.
Bytes filled_in(Bytes answer, const Remote& remote, std::size_t offset) {
    const std::uint32_t sum = ~sum_of(part(answer, remote.transport(), answer.size() - remote.transport())) & 0xffff;
    answer[remote.transport() + offset] = static_cast<std::uint8_t>(sum >> 8);
    answer[remote.transport() + offset + 1] = static_cast<std::uint8_t>(sum & 0xff);
    return answer;
}

void check_heads(const Bytes& denied, const Bytes& answer, const Remote& remote, unsigned protocol) {
    CHECK(part(answer, 0, 6) == part(denied, 6, 6));
    CHECK(part(answer, 6, 6) == part(denied, 0, 6));
    CHECK(at16(answer, 12) == (remote.v6 ? 0x86dd : 0x0800));
    const std::size_t source = kLink + (remote.v6 ? 8 : 12);
    const std::size_t size = remote.v6 ? 16 : 4;
    CHECK(part(answer, source, size) == part(denied, source + size, size));
    CHECK(part(answer, source + size, size) == part(denied, source, size));
    if (remote.v6) {
        CHECK(at32(answer, kLink) == 0x60000000);
        CHECK(at16(answer, kLink + 4) == answer.size() - remote.transport());
        CHECK(answer[kLink + 6] == protocol);
        CHECK(answer[kLink + 7] == 64);
    } else {
        CHECK(answer[kLink] == 0x45);
        CHECK(at16(answer, kLink + 2) == answer.size() - kLink);
        CHECK(answer[kLink + 8] == 64);
        CHECK(answer[kLink + 9] == protocol);
        CHECK(sum_of(part(answer, kLink, 20)) == 0xffff);
    }
}

void check_reset(const Bytes& denied, const RunResult& result, const Remote& remote) {
    REQUIRE(result.redirected());
    const Bytes& answer = result.packet;
    REQUIRE(answer.size() == remote.transport() + 20);
    check_heads(denied, answer, remote, 6);
    const std::size_t tcp = remote.transport();
    CHECK(at16(answer, tcp) == at16(denied, tcp + 2));
    CHECK(at16(answer, tcp + 2) == at16(denied, tcp));
    CHECK(answer[tcp + 12] == 0x50);
    CHECK(covered(answer, remote) == 0xffff);
    CHECK(covered(filled_in(answer, remote, 16), remote) == 0xffff);
}

void check_error(const Bytes& denied, const RunResult& result, const Remote& remote) {
    REQUIRE(result.redirected());
    const Bytes& answer = result.packet;
    REQUIRE(answer.size() == remote.transport() + 8 + remote.ip() + 8);
    check_heads(denied, answer, remote, remote.v6 ? 58 : 1);
    const std::size_t icmp = remote.transport();
    CHECK(answer[icmp] == (remote.v6 ? 1 : 3));
    CHECK(answer[icmp + 1] == (remote.v6 ? 1 : 13));
    CHECK(part(answer, icmp + 8, remote.ip() + 8) == part(denied, kLink, remote.ip() + 8));
    CHECK(covered(answer, remote) == 0xffff);
    CHECK(covered(filled_in(answer, remote, 6), remote) == 0xffff);
}

}  // namespace

TEST_CASE("Reject: a denied SYN of the pod gets a RST") {
    Scene scene;
    scene.apply(kNothing, rejecting());
    for (const Remote& remote : kRemotes) {
        INFO(remote.address);
        const Bytes syn = tcp_out(remote.address, 443);
        const RunResult result = scene.egress(syn);
        check_reset(syn, result, remote);
        CHECK(result.packet[remote.transport() + 13] == (kRst | kAck));
        CHECK(at32(result.packet, remote.transport() + 4) == 0);
        CHECK(at32(result.packet, remote.transport() + 8) == 2);  // the builder's sequence number is 1
    }
    CHECK(scene.count(NG_R_REJECTED) == 2);
    CHECK(scene.count(NG_R_DENIED) == 2);
    CHECK(scene.flows().empty());
}

TEST_CASE("Reject: a RST acknowledges the whole segment, or continues from its acknowledgement") {
    Scene scene;
    scene.apply(kNothing, rejecting());
    for (const Remote& remote : kRemotes) {
        INFO(remote.address);
        const Bytes with_data = from_pod(remote.address).tcp(50000, 443, kSyn).payload("fast open").build();
        const RunResult opened = scene.egress(with_data);
        check_reset(with_data, opened, remote);
        CHECK(at32(opened.packet, remote.transport() + 8) == 1 + 1 + 9);

        Bytes acknowledging = from_pod(remote.address).tcp(50000, 443, kAck | kPsh).payload("a request").build();
        acknowledging[remote.transport() + 8] = 0x12;
        acknowledging[remote.transport() + 11] = 0x34;
        const RunResult cut = scene.egress(acknowledging);
        check_reset(acknowledging, cut, remote);
        CHECK(cut.packet[remote.transport() + 13] == kRst);
        CHECK(at32(cut.packet, remote.transport() + 4) == 0x12000034);
        CHECK(at32(cut.packet, remote.transport() + 8) == 0);
    }
}

TEST_CASE("Reject: what is not TCP gets an ICMP error that quotes it") {
    Scene scene;
    scene.apply(kNothing, rejecting());
    for (const Remote& remote : kRemotes) {
        INFO(remote.address);
        const Bytes echo = icmp_out(remote.address, remote.v6 ? kEcho6 : kEcho4);
        const Bytes large = from_pod(remote.address).udp(50000, 123).payload(Bytes(1200, 'x')).build();
        for (const Bytes& denied : {udp_out(remote.address, 123), from_pod(remote.address).udp(50000, 123).build(), large, echo,
                                    other_out(remote.address, kSctp, 99), other_out(remote.address, 47)}) {
            check_error(denied, scene.egress(denied), remote);
        }
    }
    // A query that policy denies gets its reply at once, too.
    const Bytes question = from_pod(kDns4).udp(40000, 53).payload(DnsMessage::query("example.com").build()).build();
    check_error(question, scene.egress(question), {kDns4, false});
}

TEST_CASE("Reject: a cut flow is rejected to both sides") {
    Scene scene;
    scene.apply(egress_policy({"{action: Allow}"}), rejecting());
    for (const Remote& remote : kRemotes) {
        REQUIRE(scene.connects(remote.address, 443, 50000));
    }
    scene.apply(kNothing, rejecting());
    for (const Remote& remote : kRemotes) {
        INFO(remote.address);
        for (int i = 0; i < 2; ++i) {
            const Bytes out = tcp_out(remote.address, 443, kAck);
            check_reset(out, scene.egress(out), remote);
            const Bytes in = tcp_in(remote.address, 443, kAck);
            check_reset(in, scene.ingress(in), remote);
        }
    }
}

TEST_CASE("Reject: a peer gets its reply through the pod's interface, and the reply makes no flow") {
    Scene scene;
    scene.apply(policy_of("Ingress", {}, "nothing-in"), rejecting());
    for (const Remote& remote : kRemotes) {
        INFO(remote.address);
        const Bytes syn = tcp_in(remote.address, 40000, kSyn, 80);
        const RunResult reset = scene.ingress(syn);
        check_reset(syn, reset, remote);
        const Bytes datagram = udp_in(remote.address, 40000, 123);
        check_error(datagram, scene.ingress(datagram), remote);
        const Bytes echo = icmp_in(remote.address, remote.v6 ? kEcho6 : kEcho4);
        check_error(echo, scene.ingress(echo), remote);
        // A protocol whose checksum a device may complete in its own way.
        CHECK(scene.ingress(to_pod(remote.address).protocol(kSctp).payload(Bytes(16, 1)).build()).dropped());
        REQUIRE(reset.mark != 0);
        const RunResult passed =
            run_program(must(scene.datapath().program(datapath::ProgramId::kPodEgress)), reset.packet, kLoopback, 1, kLoopback, reset.mark);
        CHECK(passed.passed());
        CHECK(passed.mark == 0);
    }
    CHECK(scene.flows().empty());
    // Another mark does not help.
    scene.apply(kNothing, rejecting());
    const Bytes syn = tcp_in("192.0.2.1", 40000, kSyn, 80);
    const RunResult reset = scene.ingress(syn);
    REQUIRE(reset.redirected());
    const int egress = must(scene.datapath().program(datapath::ProgramId::kPodEgress));
    CHECK(run_program(egress, tcp_out("192.0.2.1", 443), kLoopback, 1, kLoopback, reset.mark ^ 2).redirected());
    // The node itself always reaches its pods (E7).
    CHECK(scene.node_sends(syn).passed());
}

TEST_CASE("Reject: what must not get a reply is dropped") {
    Scene scene;
    scene.apply(kNothing, rejecting());
    for (const Remote& remote : kRemotes) {
        INFO(remote.address);
        CHECK(scene.egress(tcp_out(remote.address, 443, kRst)).dropped());
        CHECK(scene.egress(tcp_out(remote.address, 443, kRst | kAck)).dropped());
        CHECK(scene.egress(from_pod(remote.address).fragment(1, 0, true).udp(50000, 123).payload(Bytes(64, 'x')).build()).dropped());
        CHECK(scene.egress(from_pod(remote.address).fragment(1, 72, false).protocol(17).payload(Bytes(64, 'x')).build()).dropped());
        const Bytes quoted = from_pod(remote.address).udp(50000, 123).build_ip();
        CHECK(scene.egress(from_pod(remote.address).icmp(remote.v6 ? 1 : 3, 1).payload(quoted).build()).dropped());
        CHECK(scene.egress(icmp_out(remote.address, remote.v6 ? 129 : 0)).dropped());
        CHECK(scene.ingress(to_pod(remote.address).icmp(remote.v6 ? 1 : 3, 1).payload(quoted).build()).dropped());
        // A broadcast frame on the link.
        const Mac everybody{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
        CHECK(scene.egress(Packet().ethernet(kPodMac, everybody).ip(pod_address(remote.address), remote.address).udp(1, 2).build())
                  .dropped());
    }
    for (const char* address :
         {"224.0.0.251", "255.255.255.255", "0.0.0.0", "127.0.0.1", "240.0.0.1", "ff02::fb", "ff0e::1", "::1", "::"}) {
        INFO(address);
        CHECK(scene.egress(udp_out(address, 123)).dropped());
    }
    CHECK(scene.egress(from_pod("192.0.2.1").options({1, 1, 1, 1}).udp(50000, 123).payload("x").build()).dropped());
    CHECK(scene.egress(from_pod("2001:db8::1").extension(60).udp(50000, 123).payload("x").build()).dropped());
    CHECK(scene.egress(Packet().ethernet().ip("10.88.0.3", "192.0.2.1").tcp(50000, 443).build()).dropped());
    CHECK(scene.egress(Packet().ethernet().ip("fd00:88::3", "2001:db8::1").tcp(50000, 443).build()).dropped());
    CHECK(scene.count(NG_R_REJECTED) == 0);

    must(datapath::write_closed(scene.datapath(), scene.identity()));
    CHECK(scene.egress(tcp_out("192.0.2.1", 443)).dropped());
    scene.apply(kNothing);
    CHECK(scene.egress(tcp_out("192.0.2.1", 443)).dropped());
    CHECK(scene.egress(udp_out("2001:db8::1", 123)).dropped());
    CHECK(scene.count(NG_R_REJECTED) == 0);
}

TEST_CASE("Reject: an endpoint gets a limited number of replies in a tick, then its packets are only dropped") {
    Scene scene;
    scene.apply(kNothing, rejecting());
    const Bytes syn = tcp_out("192.0.2.1", 443);
    const std::uint32_t begin = datapath::tick_of(must(datapath::read_clock(scene.datapath())).boot_ns);
    unsigned answered = 0;
    unsigned sent = 0;
    for (; sent < 20000 && answered == sent; ++sent) {
        answered += scene.egress(syn).redirected() ? 1U : 0U;
    }
    const std::uint32_t ticks = datapath::tick_of(must(datapath::read_clock(scene.datapath())).boot_ns) - begin + 1;
    CHECK(answered >= NG_REJECTS_PER_TICK);
    CHECK(answered <= NG_REJECTS_PER_TICK * (ticks + 1));
    CHECK(scene.count(NG_R_REJECTED) == answered);
    CHECK(scene.count(NG_R_DENIED) == sent);
}

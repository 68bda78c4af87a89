// SPDX-License-Identifier: Apache-2.0
//
// What is held, when, and how much; which frames come back; what is passed on when there is no daemon.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>

#include "datapath/held.h"
#include "datapath/joins.h"
#include "traffic.h"

namespace held_test {

using namespace namegate;
using namespace namegate::test;

namespace {

struct HeldFrame {
    ng_held header{};
    Bytes bytes;
};

std::uint32_t now_tick(Scene& scene) { return datapath::tick_of(must(datapath::read_clock(scene.datapath())).boot_ns); }

// A daemon's end of the ring that only stores what it reads.
class Reader {
  public:
    explicit Reader(Scene& scene) : scene_(scene) {
        reader_ = must(datapath::HeldReader::create(scene.datapath(), [this](const ng_held& header, std::span<const std::uint8_t> frame) {
            frames_.push_back({header, Bytes(frame.begin(), frame.end())});
            return datapath::FrameIs::kDone;
        }));
        beat();
    }
    void beat(std::uint32_t ago = 0) { must(reader_->beat(now_tick(scene_) - ago)); }
    void leave() { must(reader_->leave()); }
    std::vector<HeldFrame> take() {
        must(reader_->drain());
        return std::exchange(frames_, {});
    }
    std::vector<HeldFrame> take_a_round() {
        must(reader_->consume());
        return std::exchange(frames_, {});
    }

  private:
    Scene& scene_;
    std::unique_ptr<datapath::HeldReader> reader_;
    std::vector<HeldFrame> frames_;
};

// More records than the kernel parser's limit.
Bytes long_answer(std::string_view name, unsigned records = NG_DNS_MAX_ANSWERS + 1) {
    DnsMessage message = DnsMessage::response(name);
    for (unsigned i = 0; i < records; ++i) {
        message.a(name, "203.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1));
    }
    return message.build();
}

void ask(Scene& scene, std::string_view name, std::uint16_t port = 40000) {
    REQUIRE(scene.egress(from_pod(kDns4).udp(port, 53).payload(DnsMessage::query(name).build()).build()).passed());
}

Bytes answer_frame(const Bytes& message, std::uint16_t port = 40000) { return to_pod(kDns4).udp(53, port).payload(message).build(); }

const std::string kStreamPolicy = egress_policy(
    {"{action: Allow, protocol: TCP, destination: {ports: ['53']}}", kAllowDns, "{action: Allow, destination: {domains: [example.com]}}"});

Bytes stream_out(std::uint8_t flags, std::string_view payload = "", std::string_view server = kDns4) {
    return from_pod(server).tcp(40000, 53, flags).payload(payload).build();
}
Bytes stream_in(std::uint8_t flags, std::string_view payload = "", std::string_view server = kDns4) {
    return to_pod(server).tcp(53, 40000, flags).payload(payload).build();
}

}  // namespace

TEST_CASE("an undecided response is held while there is a daemon, and goes on when there is none") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    const Bytes frame = answer_frame(long_answer("example.com"));
    ask(scene, "example.com");
    CHECK(scene.ingress(frame).passed());
    CHECK(scene.count(NG_R_UNPARSED) == 1);
    Reader reader(scene);
    ask(scene, "example.com");
    CHECK(scene.ingress(frame).held());
    CHECK(scene.count(NG_R_HELD) == 1);
    CHECK(scene.count(NG_R_UNPARSED) == 1);
    const auto frames = reader.take();
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].bytes == frame);
    CHECK(frames[0].header.waits == 1);
    CHECK(frames[0].header.endpoint == scene.identity().endpoint);
    CHECK(frames[0].header.ifindex == kLoopback);
    CHECK(frames[0].header.direction == NG_INGRESS);
    // Its query has its response: the same again is unsolicited.
    scene.ingress(frame);
    CHECK(scene.count(NG_R_UNSOLICITED) == 1);
    CHECK(reader.take().empty());
    // What the kernel decides does not go through the daemon.
    CHECK(scene.resolve("example.com", {"198.51.100.1"}));
    CHECK(reader.take().empty());
    SECTION("one whose loop has not run for a while") { reader.beat(NG_READER_TICKS + 2); }
    SECTION("one that announced its exit") { reader.leave(); }
    ask(scene, "example.com");
    CHECK(scene.ingress(frame).passed());
    CHECK(scene.count(NG_R_UNPARSED) == 2);
    reader.beat();
    ask(scene, "example.com");
    CHECK(scene.ingress(frame).held());
}

TEST_CASE("a daemon runs its loop between two reads when more frames wait than one read returns") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    const Bytes message = long_answer("example.com");
    Reader reader(scene);
    constexpr std::size_t kFrames = 2 * datapath::kHeldFramesAtOnce + 5;
    for (std::size_t i = 0; i < kFrames; ++i) {
        const auto port = static_cast<std::uint16_t>(40000 + i);
        ask(scene, "example.com", port);
        CHECK(scene.ingress(answer_frame(message, port)).held());
    }
    CHECK(reader.take_a_round().size() == datapath::kHeldFramesAtOnce);
    CHECK(reader.take_a_round().size() == datapath::kHeldFramesAtOnce);
    CHECK(reader.take_a_round().size() == 5);
    CHECK(reader.take_a_round().empty());
}

TEST_CASE("a daemon that is killed counts as absent at once") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    const Bytes frame = answer_frame(long_answer("example.com"));
    std::array<int, 2> pipe{};
    REQUIRE(::pipe(pipe.data()) == 0);
    const std::uint32_t tick = now_tick(scene);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        // Separate descriptors, as another process has.
        auto own = datapath::Datapath::open(scene.datapath().options());
        auto reader = own ? datapath::HeldReader::create(
                                **own, [](const ng_held&, std::span<const std::uint8_t>) { return datapath::FrameIs::kDone; })
                          : Result<std::unique_ptr<datapath::HeldReader>>(own.error());
        const char good = reader && (*reader)->beat(tick + 4) ? 'y' : 'n';
        if (::write(pipe[1], &good, 1) == 1) {
            ::pause();
        }
        ::_exit(1);
    }
    char good = 'n';
    CHECK(::read(pipe[0], &good, 1) == 1);
    CHECK(good == 'y');
    ask(scene, "example.com");
    CHECK(scene.ingress(frame).held());
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ask(scene, "example.com");
    CHECK(scene.ingress(frame).passed());
    CHECK(scene.count(NG_R_UNPARSED) == 1);
    // The next daemon finds what this one left.
    Reader reader(scene);
    CHECK(reader.take().size() == 1);
    ::close(pipe[0]);
    ::close(pipe[1]);
}

TEST_CASE("only frames that the node itself sends with the drawn mark count as put back") {
    Scene scene;
    scene.apply(domain_policy("example.com") + "---\n" + policy_of("Ingress", {}, "q"));
    const Bytes frame = answer_frame(long_answer("example.com"));
    const std::uint32_t mark = scene.datapath().held_mark();
    REQUIRE(mark != 0);
    const auto send = [&](std::uint32_t from, std::uint32_t with) {
        return scene.run(datapath::ProgramId::kPodIngress, frame, 1, from, with);
    };
    CHECK(send(kUplink, mark).dropped());
    CHECK(send(kUplink, 0).dropped());
    CHECK(scene.flows().empty());
    const RunResult back = send(0, mark);
    CHECK(back.passed());
    CHECK(back.mark == 0);  // the secret mark is cleared
    CHECK(scene.flows().empty());
    // From the node, but without the mark: a packet like any other from it.
    CHECK(send(0, mark ^ 1).mark == (mark ^ 1));
    CHECK(scene.flows().size() == 1);
    // On the way out of the pod the mark has no effect.
    CHECK(scene.run(datapath::ProgramId::kPodEgress, tcp_out("198.51.100.9", 443), 1, 0, mark).dropped());
    must(datapath::write_closed(scene.datapath(), scene.identity()));
    CHECK(send(0, mark).dropped());
}

TEST_CASE("frames and bytes of one endpoint at the daemon are limited: the rest goes on, counted") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    Reader reader(scene);
    // A response with only a CNAME is a small one.
    const bool large = GENERATE(false, true);
    const Bytes frame =
        answer_frame(large ? long_answer("example.com", 200) : DnsMessage::response("example.com").cname("example.com", "b.net").build());
    std::size_t held = 0;
    std::size_t passed = 0;
    for (std::size_t i = 0; i < NG_HELD_FRAMES + 20; ++i) {
        ask(scene, "example.com");
        const RunResult result = scene.ingress(frame);
        held += result.held() ? 1U : 0U;
        passed += result.passed() ? 1U : 0U;
    }
    // The space that a frame reserves counts, not what it fills.
    const std::size_t room = (frame.size() <= NG_HELD_SMALL ? NG_HELD_SMALL : NG_HELD_MIDDLE) + sizeof(ng_held) + 8;
    CHECK(held == std::min<std::size_t>(NG_HELD_FRAMES, NG_HELD_BYTES / room));
    CHECK(passed == NG_HELD_FRAMES + 20 - held);
    CHECK(scene.count(NG_R_HELD_FULL) == passed);
    CHECK(reader.take().size() == held);
    ask(scene, "example.com");
    CHECK(scene.ingress(frame).held());
}

TEST_CASE("fragments of a response take the path of the first") {
    Scene scene;
    scene.apply(domain_policy("example.com") + "---\n" + policy_of("Ingress", {}, "q"));
    Reader reader(scene);
    for (const bool v6 : {false, true}) {
        const char* server = v6 ? kDns6 : kDns4;
        const Bytes message = long_answer("example.com", 120);
        const Bytes whole = to_pod(server).udp(53, 40000).payload(message).build_ip();
        const std::size_t header = v6 ? 40 : 20;
        const auto piece = [&](std::size_t from, std::size_t to, bool more, std::uint32_t id) {
            const Bytes data(whole.begin() + static_cast<std::ptrdiff_t>(header + from),
                             whole.begin() + static_cast<std::ptrdiff_t>(header + to));
            return to_pod(server).protocol(17).fragment(id, static_cast<std::uint16_t>(from), more).payload(data).build();
        };
        const std::size_t end = whole.size() - header;
        CHECK(scene.ingress(piece(1400, end, false, 7)).dropped());
        REQUIRE(scene.egress(from_pod(server).udp(40000, 53).payload(DnsMessage::query("example.com").build()).build()).passed());
        CHECK(scene.ingress(piece(0, 1400, true, 7)).held());
        CHECK(scene.ingress(piece(1400, end, false, 7)).held());
        CHECK(scene.ingress(piece(1400, end, false, 8)).dropped());
        CHECK(reader.take().size() == 2);
    }
}

TEST_CASE("DNS over TCP: SYNs and queries are copied, responses are held, in order with the end") {
    Scene scene;
    scene.apply(kStreamPolicy);
    Reader reader(scene);
    CHECK(scene.egress(stream_out(kSyn)).passed());
    auto frames = reader.take();
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].header.waits == 0);
    CHECK(frames[0].header.direction == NG_EGRESS);
    CHECK(scene.ingress(stream_in(kSyn | kAck)).passed());
    frames = reader.take();
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].header.waits == 0);
    CHECK(scene.egress(stream_out(kAck)).passed());
    CHECK(reader.take().empty());
    CHECK(scene.egress(stream_out(kAck | kPsh, "question")).passed());
    frames = reader.take();
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].header.waits == 0);
    CHECK(frames[0].header.direction == NG_EGRESS);
    CHECK(scene.ingress(stream_in(kAck)).passed());
    CHECK(scene.ingress(stream_in(kAck | kPsh, "answer")).held());
    CHECK(scene.ingress(stream_in(kAck | kFin)).held());
    CHECK(scene.ingress(stream_in(kRst)).held());
    frames = reader.take();
    REQUIRE(frames.size() == 3);
    CHECK(frames[0].header.waits == 1);
    CHECK(scene.egress(stream_out(kAck | kFin)).passed());
    CHECK(scene.egress(stream_out(kRst)).passed());
    CHECK(reader.take().size() == 2);
    // An untrusted server is a peer like any other; so is another port of a trusted one.
    CHECK(scene.egress(stream_out(kSyn, "", "198.51.100.53")).passed());
    CHECK(scene.ingress(stream_in(kAck | kPsh, "answer", "198.51.100.53")).passed());
    CHECK(reader.take().empty());
    // An unsolicited segment does not get that far.
    scene.apply(kStreamPolicy + "---\n" + policy_of("Ingress", {}, "q"));
    CHECK(scene.ingress(to_pod(kDns4).tcp(53, 41000, kAck | kPsh).payload("forged").build()).dropped());
    CHECK(reader.take().empty());
}

// Fills the endpoint's share with its own one-byte segments; returns the result of the one that found no space.
RunResult fill_room(Scene& scene) {
    for (;;) {
        const RunResult result = scene.egress(stream_out(kAck | kPsh, "q"));
        if (scene.count(NG_R_HELD_FULL) > 0) {
            return result;
        }
        REQUIRE(result.passed());
    }
}

TEST_CASE("DNS over TCP: a segment that finds no space is dropped and sent again, and does not count as lost") {
    Scene scene;
    scene.apply(kStreamPolicy);
    // Without a daemon nothing is followed, and nothing is dropped.
    CHECK(scene.egress(stream_out(kSyn)).passed());
    CHECK(scene.ingress(stream_in(kSyn | kAck)).passed());
    CHECK(scene.ingress(stream_in(kAck | kPsh, "answer")).passed());
    Reader reader(scene);
    CHECK(scene.egress(stream_out(kSyn)).passed());
    auto frames = reader.take();
    REQUIRE(frames.size() == 1);
    const std::uint32_t lost = frames[0].header.lost;
    CHECK(lost == 3);
    CHECK(fill_room(scene).dropped());
    CHECK(scene.ingress(stream_in(kSyn | kAck)).dropped());
    CHECK(scene.egress(stream_out(kSyn)).dropped());
    // The response above all: it would reach the pod before anything is learned from it.
    CHECK(scene.ingress(stream_in(kAck | kPsh, "answer")).dropped());
    CHECK(scene.ingress(stream_in(kAck | kFin)).dropped());
    CHECK(scene.ingress(stream_in(kAck)).passed());
    CHECK(scene.count(NG_R_UNPARSED) == 3);
    CHECK(reader.take().back().header.lost == lost);
    CHECK(scene.ingress(stream_in(kAck | kPsh, "answer")).held());
    frames = reader.take();
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].header.lost == lost);
    // An absent daemon blocks nothing, whatever it holds.
    for (unsigned i = 0; i <= NG_HELD_FRAMES; ++i) {
        scene.egress(stream_out(kAck | kPsh, "q"));
    }
    CHECK(scene.ingress(stream_in(kAck | kPsh, "answer")).dropped());
    reader.leave();
    CHECK(scene.ingress(stream_in(kAck | kPsh, "answer")).passed());
}

TEST_CASE("DNS over TCP without domains: only a SYN that finds no space is dropped, and the next frame reports other losses") {
    Scene scene;
    scene.apply(egress_policy({"{action: Allow}"}));
    Reader reader(scene);
    CHECK(fill_room(scene).passed());
    CHECK(scene.ingress(stream_in(kSyn | kAck)).dropped());
    CHECK(scene.egress(stream_out(kSyn)).dropped());
    CHECK(scene.ingress(stream_in(kAck | kPsh, "answer")).passed());
    CHECK(reader.take().back().header.lost == 0);
    CHECK(scene.ingress(stream_in(kSyn | kAck)).passed());
    const auto frames = reader.take();
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].header.lost == 2);
}

TEST_CASE("DNS over TCP: a frame of a routed pod to another hardware address is not copied, because it goes nowhere") {
    Scene scene;
    scene.apply(kStreamPolicy);
    Reader reader(scene);
    datapath::EndpointIdentity identity = scene.identity();
    const auto config = must(datapath::active_config(scene.datapath(), identity.slot)).value();
    CHECK(scene.egress(stream_out(kSyn)).passed());
    CHECK(reader.take().size() == 1);  // to kHostMac, which is not the loopback device's
    identity.routed = true;
    datapath::CounterRoom counters(scene.datapath());
    must(datapath::write_policies(scene.datapath(), identity, {config.direction[NG_EGRESS].policy, 0}, counters));
    CHECK(scene.egress(stream_out(kSyn)).passed());
    CHECK(reader.take().empty());
    const Mac loopback{};
    CHECK(scene.egress(Packet().ethernet(kPodMac, loopback).ip(kPod4, kDns4).tcp(40000, 53, kSyn).build()).passed());
    CHECK(reader.take().size() == 1);
}

TEST_CASE("without domains in its policy, an endpoint's streams and large responses are only copied") {
    Scene scene;
    scene.apply(egress_policy({"{action: Allow}"}));
    Reader reader(scene);
    CHECK(scene.egress(stream_out(kSyn)).passed());
    CHECK(scene.ingress(stream_in(kAck | kPsh, "answer")).passed());
    ask(scene, "example.com");
    CHECK(scene.ingress(answer_frame(long_answer("example.com", 200))).passed());
    const auto frames = reader.take();
    REQUIRE(frames.size() == 3);
    CHECK(frames[0].header.waits + frames[1].header.waits + frames[2].header.waits == 0);
}

TEST_CASE("D8: the daemon joins a response that ends in a CNAME and the response about its target") {
    Scene scene;
    scene.apply(domain_policy("www.example.com"));
    Reader reader(scene);
    const bool explained = GENERATE(false, true);
    DnsMessage alias = DnsMessage::response("www.example.com");
    alias.ttl(60).cname("www.example.com", "Edge.cdn.net");
    if (explained) {
        alias.authority().ns("cdn.net", "ns.cdn.net");
    }
    const Bytes target = DnsMessage::response("edge.cdn.net").ttl(60).a("edge.cdn.net", "203.0.113.1").build();
    const Bytes through = DnsMessage::response("a.net").cname("a.net", "edge.cdn.net").a("edge.cdn.net", "203.0.113.1").build();
    // No chain waits for the target yet.
    ask(scene, "edge.cdn.net");
    CHECK(scene.ingress(answer_frame(target)).passed());
    ask(scene, "www.example.com");
    const RunResult result = scene.ingress(answer_frame(alias.build()));
    // If the response says why nothing follows, there was no target to wait for.
    CHECK((explained ? result.passed() : result.held()));
    ask(scene, "edge.cdn.net");
    CHECK(scene.ingress(answer_frame(target)).held());
    ask(scene, "a.net");
    CHECK(scene.ingress(answer_frame(through)).held());
    ask(scene, "b.net");
    CHECK(scene.ingress(answer_frame(DnsMessage::response("b.net").a("b.net", "203.0.113.2").build())).passed());
    // The runtime stores the same for names that it finds at the end of a chain.
    const std::uint32_t now = now_tick(scene);
    must(datapath::await_name(scene.datapath(), {scene.identity().slot, scene.identity().endpoint, {"b", "net"}, now + 100}, now));
    ask(scene, "b.net");
    CHECK(scene.ingress(answer_frame(DnsMessage::response("b.net").a("b.net", "203.0.113.2").build())).held());
    CHECK(scene.learnt().empty());
}

}  // namespace held_test

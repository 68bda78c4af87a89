// SPDX-License-Identifier: Apache-2.0
// DNS over TCP while the daemon cannot look at it: a connection whose beginning it missed is not read as the continuation of an
// older one with the same ports. The test plays the server and chooses its sequence numbers.
#include <netinet/in.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "attacker.h"
#include "held_kinds.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr std::uint16_t kPodPort = 41000;
constexpr std::uint16_t kFillPort = 42000;
constexpr std::uint32_t kPodStart = 5000;  // the pod's initial number, in every connection
constexpr std::uint32_t kOldStart = 100000;
constexpr std::uint16_t kAskedId = 7;
constexpr Milliseconds kUntilAway{2600};  // more than NG_READER_TICKS

// A connection of which the test controls both ends.
class Connection {
  public:
    Connection(AttackPod& pod, Outsider& server, std::uint16_t port, std::uint32_t server_start)
        : pod_(pod), server_(server), port_(port), server_next_(server_start + 1) {}

    void send_syn() { pod_.wire.send(from_pod().tcp(port_, 53, kSyn).sequence(kPodStart).build()); }
    void send_syn_ack() { server_.wire.send(from_server().tcp(53, port_, kSyn | kAck).sequence(server_next_ - 1, kPodStart + 1).build()); }
    bool syn_came(Milliseconds most) { return wait_for_segment(server_.wire, port_, 53, kSyn, most).has_value(); }
    bool syn_ack_came(Milliseconds most) {
        const auto is_it = [this](std::string_view frame) {
            const auto segment = read_segment(frame);
            return segment && segment->destination_port == port_ && segment->flags == (kSyn | kAck) &&
                   segment->sequence == server_next_ - 1;
        };
        return pod_.wire.find(is_it, most).has_value();
    }
    void open() {
        send_syn();
        REQUIRE(syn_came(kPatience));
        send_syn_ack();
        REQUIRE(syn_ack_came(kPatience));
        pod_.wire.send(from_pod().tcp(port_, 53, kAck).sequence(pod_next_, server_next_).build());
    }
    void send_rst() { pod_.wire.send(from_pod().tcp(port_, 53, kRst).sequence(pod_next_).build()); }
    void ask(const Bytes& message) {
        pod_.wire.send(from_pod().tcp(port_, 53, kAck | kPsh).sequence(pod_next_, server_next_).payload(message).build());
        pod_next_ += static_cast<std::uint32_t>(message.size());
        REQUIRE(server_.wire.saw(text(message), kPatience));
    }
    // Does the pod get it?
    bool answer(const Bytes& message, Milliseconds most = kPatience) {
        server_next_ += static_cast<std::uint32_t>(message.size());
        return answer_again(message, most);
    }
    // As a server does that gets no acknowledgement.
    bool answer_again(const Bytes& message, Milliseconds most = kPatience) {
        const std::uint32_t start = server_next_ - static_cast<std::uint32_t>(message.size());
        server_.wire.send(from_server().tcp(53, port_, kAck | kPsh).sequence(start, pod_next_).payload(message).build());
        return pod_.wire.saw(text(message), most);
    }

  private:
    static std::string text(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }
    Packet from_pod() const { return pod_.frame().ip(pod_.v4, kServer4); }
    Packet from_server() const { return server_.frame().ip(kServer4, pod_.v4); }

    AttackPod& pod_;
    Outsider& server_;
    std::uint16_t port_;
    std::uint32_t pod_next_ = kPodStart + 1;
    std::uint32_t server_next_;
};

struct Scene {
    Scene() : pod(start()), server(site.world) {
        silence_kernel(pod.pod->netns);
        take_over_dns(site.world.netns());
    }
    ~Scene() {
        site.node.remove(*pod.pod);
        CHECK(site.node.state() == "");
    }
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;
    Scene(Scene&&) = delete;
    Scene& operator=(Scene&&) = delete;

    AttackPod start() {
        site.node.write_policy("policy.yaml", kHeldPolicy);
        site.node.start_daemon();
        return {site.node, "client", "client"};
    }
    bool opened(const IpAddress& address, Milliseconds most) const { return connects_from(pod.pod->netns, address, kTcpPort, most); }

    Site site;
    AttackPod pod;
    Outsider server;
};

Bytes question(const std::string& name, std::uint16_t type, std::uint16_t id) { return DnsMessage::query(name, type).id(id).build_tcp(); }
Bytes answer_with(const std::string& name, std::uint16_t id, const IpAddress& address) {
    return DnsMessage::response(name).id(id).a(name, address.to_string()).build_tcp();
}

// A correct response about a name of the attacker, whose text contains a response about a name that the policy allows.
struct Trojan {
    explicit Trojan(const Bytes& inside) {
        Bytes text = {static_cast<std::uint8_t>(inside.size())};
        text.insert(text.end(), inside.begin(), inside.end());
        whole = DnsMessage::response("evil.example", kTypeTxt).id(8).record("evil.example", kTypeTxt, text).build_tcp();
        offset = static_cast<std::uint32_t>(whole.size() - inside.size());
    }
    Bytes whole;
    std::uint32_t offset = 0;  // of its content
};

// The old connection is followed, and a query recorded on it; one with the same ports begins while nothing more is kept for the
// daemon. Its response is placed so that the old position in the stream is in the middle of it.
void open_unseen(Scene& scene, Connection& old, Connection& next, bool syn_is_seen) {
    REQUIRE(scene.site.node.ask_daemon("status"));
    Pause pause(scene.site.node);
    if (syn_is_seen) {
        next.send_syn();
        CHECK(next.syn_came(kPatience));
    }
    fill_held(scene.pod, kFillPort);
    old.send_rst();
    if (!syn_is_seen) {
        next.send_syn();
    }
    const bool began = next.syn_came(kSettled);
    CHECK(began == syn_is_seen);
    if (began) {
        next.send_syn_ack();
    }
    const bool unseen = next.syn_ack_came(kSettled);
    CHECK_FALSE(unseen);
    pause.end();
    if (!unseen) {
        // Both are sent again, as real ones would be.
        next.open();
    }
}

}  // namespace

TEST_CASE("a new connection is not read at the position of an old one whose end the daemon did not see") {
    const bool syn_is_seen = GENERATE(false, true);
    INFO((syn_is_seen ? "the daemon has the SYN, not the SYN-ACK" : "the daemon has neither SYN"));
    Scene scene;
    const unsigned index = World::take_indexes(2);
    const IpAddress evil = World::fresh_address(index, false);
    const IpAddress good = World::fresh_address(index + 1, false);
    const Trojan trojan(answer_with("a.held.test", kAskedId, evil));
    Connection old(scene.pod, scene.server, kPodPort, kOldStart);
    old.open();
    old.ask(question("a.held.test", kTypeA, kAskedId));
    Outsider second(scene.site.world);  // has not seen the first one's SYN, which is the same
    Connection next(scene.pod, second, kPodPort, kOldStart - trojan.offset);
    open_unseen(scene, old, next, syn_is_seen);

    next.ask(question("evil.example", kTypeTxt, 8));
    CHECK(next.answer(trojan.whole));
    CHECK_FALSE(scene.opened(evil, kDenied));
    // The connection is followed correctly.
    next.ask(question("b.held.test", kTypeA, 9));
    CHECK(next.answer(answer_with("b.held.test", 9, good)));
    CHECK(scene.opened(good, kBeforeRepeat));
}

TEST_CASE("a query of an old connection gets no response from a new one that the pod began unnoticed") {
    // Nothing is full here: the pod begins again with the same ports, and responses to the old query arrive on the new connection.
    Scene scene;
    const IpAddress evil = World::fresh_address(World::take_indexes(1), false);
    Connection old(scene.pod, scene.server, kPodPort, kOldStart);
    old.open();
    old.ask(question("a.held.test", kTypeA, kAskedId));
    Connection next(scene.pod, scene.server, kPodPort, kOldStart + 70000);
    next.open();
    CHECK(next.answer(answer_with("a.held.test", kAskedId, evil)));
    CHECK_FALSE(scene.opened(evil, kDenied));
}

TEST_CASE("a connection is no longer followed after a part that the daemon missed; a part that found no space is sent again") {
    const bool missed = GENERATE(false, true);
    INFO((missed ? "the daemon is away" : "the daemon has as much as it may"));
    Scene scene;
    const unsigned index = World::take_indexes(2);
    Connection connection(scene.pod, scene.server, kPodPort, kOldStart);
    connection.open();
    connection.ask(question("a.held.test", kTypeA, kAskedId));
    {
        Pause pause(scene.site.node);
        if (missed) {
            std::this_thread::sleep_for(kUntilAway);
        }
        fill_held(scene.pod, kFillPort);
    }
    const IpAddress first = World::fresh_address(index, false);
    CHECK(connection.answer(answer_with("a.held.test", kAskedId, first)));
    CHECK(scene.opened(first, missed ? kDenied : kBeforeRepeat) == !missed);
    // Another one opens in both cases.
    const IpAddress known = World::fresh_address(index + 1, false);
    Connection another(scene.pod, scene.server, kPodPort + 1, kOldStart);
    another.open();
    another.ask(question("a.held.test", kTypeA, kAskedId));
    CHECK(another.answer(answer_with("a.held.test", kAskedId, known)));
    CHECK(scene.opened(known, kBeforeRepeat));
}

TEST_CASE("a response that arrives while nothing more is kept for the daemon reaches the pod a little later, and is learned") {
    Scene scene;
    const IpAddress address = World::fresh_address(World::take_indexes(1), false);
    Connection connection(scene.pod, scene.server, kPodPort, kOldStart);
    connection.open();
    connection.ask(question("a.held.test", kTypeA, kAskedId));
    const Bytes answer = answer_with("a.held.test", kAskedId, address);
    REQUIRE(scene.site.node.ask_daemon("status"));
    {
        Pause pause(scene.site.node);
        fill_held(scene.pod, kFillPort);
        CHECK_FALSE(connection.answer(answer, kSettled));
    }
    CHECK_FALSE(scene.opened(address, kDenied));
    CHECK(connection.answer_again(answer));
    CHECK(scene.opened(address, kBeforeRepeat));
}

TEST_CASE("a connection that begins while nothing more is kept for the daemon begins a little later, and is learned from") {
    Site site;
    site.world.set_script(answer_held);
    site.node.write_policy("policy.yaml", kHeldPolicy);
    site.node.start_daemon();
    const AttackPod pod(site.node, "client", "client");
    const unsigned index = World::take_indexes(1);
    std::vector<Answer> answers;
    std::thread client;
    {
        Pause pause(site.node);
        fill_held(pod, kFillPort);
        client = std::thread([&] {
            run_inside(pod.pod->netns, [&] {
                answers = ask_tcp(open_socket(AF_INET, SOCK_STREAM), kServer4, {{held_name('x', index), kTypeA, kServer4}});
            });
        });
        std::this_thread::sleep_for(kDenied);
    }
    client.join();
    CHECK(answers.size() == 1);
    CHECK(connects_from(pod.pod->netns, World::fresh_address(index, false), kTcpPort, kBeforeRepeat));
    site.node.remove(*pod.pod);
    CHECK(site.node.state() == "");
}

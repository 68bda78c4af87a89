// SPDX-License-Identifier: Apache-2.0
// The first promise for the answers that only the daemon can judge: more records than the kernel takes, records out of
// order, fragments, DNS over TCP, deep wildcards, chains over two answers. NAMEGATE_HELD_VISITS makes it longer.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>

#include "site.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr unsigned kPods = 4;
constexpr unsigned kVisitsPerPod = 350;

// The kinds by the first letter of the name; the number behind it tells the address.
//   m: more records than the kernel takes   o: the CNAME behind the address   f: fragments   t: truncated, then TCP
//   s: TCP at once, in small segments       l: 64 KB over TCP                 d: five labels before a wildcard
//   c: a CNAME alone, whose target is asked for next
const std::string kKinds = "moftsldc";

const std::string kPolicy = R"(apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata:
  name: held
spec:
  types: [Egress]
  egress:
  - action: Allow
    protocol: UDP
    destination:
      ports: [53]
  - action: Allow
    protocol: TCP
    destination:
      ports: [53]
  - action: Allow
    destination:
      domains: ["*.held.test", "a.b.c.d.e.*.deep.test"]
)";

std::string name_of(char kind, unsigned index) {
    const std::string own = kind + std::to_string(index);
    return kind == 'd' ? "a.b.c.d.e." + own + ".deep.test" : own + ".held.test";
}

IpAddress address_of(const std::string& label, bool v6) {
    return World::fresh_address(static_cast<unsigned>(std::strtoul(label.c_str() + 1, nullptr, 10)), v6);
}

void add_address(DnsMessage& message, const std::string& owner, const IpAddress& address) {
    if (address.is_v4()) {
        message.a(owner, address.to_string());
    } else {
        message.aaaa(owner, address.to_string());
    }
}

// So many addresses that nobody uses, and the real one last.
void fill(DnsMessage& message, const std::string& owner, const IpAddress& last, std::size_t bytes) {
    unsigned other = 0;
    while (message.size() + 60 < bytes) {
        IpAddress::Bytes filler = (last.is_v4() ? IpAddress::parse("203.0.0.0") : IpAddress::parse("2001:db8:f::"))->bytes();
        filler[14] = static_cast<std::uint8_t>(other >> 8);
        filler[15] = static_cast<std::uint8_t>(++other & 0xffU);
        add_address(message, owner, IpAddress(filler));
    }
    add_address(message, owner, last);
}

std::optional<std::vector<WorldReply>> answer_held(const WorldQuestion& question) {
    if (question.name.find(".test") == std::string::npos) {
        return std::nullopt;
    }
    const bool deep = question.name.find(".deep.") != std::string::npos;
    const std::string label = deep ? question.name.substr(10) : question.name;
    const IpAddress address = address_of(label, question.type == kTypeAaaa);
    DnsMessage message = DnsMessage::response(question.name, question.type);
    message.id(question.id);
    WorldReply reply;
    switch (label[0]) {
        case 'm': fill(message, question.name, address, 1400); break;
        case 'f': fill(message, question.name, address, 4000); break;
        case 'o':
            add_address(message, "edge.cdn.net", address);
            message.cname(question.name, "edge.cdn.net");
            break;
        case 't':
            if (question.tcp) {
                fill(message, question.name, address, 5000);
            } else {
                message.tc();
            }
            break;
        case 's':
            fill(message, question.name, address, 700);
            reply.piece = 90;
            break;
        case 'l': fill(message, question.name, address, 65000); break;
        case 'c': message.cname(question.name, "c" + label.substr(1, label.find('.') - 1) + ".cdn.net"); break;
        default: add_address(message, question.name, address); break;
    }
    reply.message = message.build();
    return std::vector<WorldReply>{reply};
}

std::optional<std::vector<WorldReply>> answer_all(const WorldQuestion& question) {
    const std::size_t target = question.name.find(".cdn.net");
    if (target == std::string::npos) {
        return answer_held(question);
    }
    DnsMessage message = DnsMessage::response(question.name, question.type);
    message.id(question.id);
    add_address(message, question.name, address_of(question.name, question.type == kTypeAaaa));
    return std::vector<WorldReply>{{AnswerFrom::kServer, message.build(), 0}};
}

struct Tally {
    unsigned unanswered = 0;
    unsigned lost = 0;
    unsigned denied = 0;
};
using Tallies = std::map<char, Tally>;

std::optional<Answer> look_up(const Question& question, char kind) {
    const int family = IpAddress::parse(question.server)->is_v4() ? AF_INET : AF_INET6;
    if (kind == 's' || kind == 'l') {
        const auto answers = ask_tcp(open_socket(family, SOCK_STREAM), question.server, {question});
        return answers.size() == 1 ? std::optional<Answer>(answers.front()) : std::nullopt;
    }
    auto answer = ask(open_socket(family, SOCK_DGRAM), question);
    if (answer && kind == 't') {
        const auto answers = ask_tcp(open_socket(family, SOCK_STREAM), question.server, {question});
        return answers.size() == 1 ? std::optional<Answer>(answers.front()) : std::nullopt;
    }
    if (answer && kind == 'c') {
        const std::string label = question.name.substr(0, question.name.find('.'));
        return ask(open_socket(family, SOCK_DGRAM), {label + ".cdn.net", question.type, question.server});
    }
    return answer;
}

void visit(char kind, unsigned index, unsigned number, Tally& tally) {
    const bool v6 = (number & 1U) != 0;
    Fd socket = open_socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM);
    const auto answer = look_up({name_of(kind, index), v6 ? kTypeAaaa : kTypeA, number / 2 % 2 == 0 ? kServer4 : kServer6}, kind);
    if (!answer || answer->addresses.empty()) {
        tally.unanswered += 1;
        return;
    }
    const IpAddress address = World::fresh_address(index, v6);
    const Attempt attempt = connect_to(socket, address, kTcpPort, Milliseconds(3000));
    tally.denied += attempt.connected ? 0U : 1U;
    tally.lost += attempt.connected && (attempt.retransmissions > 0 || attempt.took > kBeforeRepeat) ? 1U : 0U;
    drop_connection(socket);
}

Tallies visit_all(const Pod& pod, unsigned count) {
    const unsigned first = World::take_indexes(count);
    Tallies tallies;
    run_inside(pod.netns, [&] {
        for (unsigned i = 0; i < count; ++i) {
            const char kind = kKinds[i % kKinds.size()];
            // The largest kind would fill the endpoint's table with addresses that nobody uses.
            if (kind == 'l' && i / kKinds.size() % 16 != 0) {
                continue;
            }
            visit(kind, first + i, i / static_cast<unsigned>(kKinds.size()), tallies[kind]);
        }
    });
    return tallies;
}

unsigned visits_per_pod() {
    const char* text = std::getenv("NAMEGATE_HELD_VISITS");  // NOLINT(concurrency-mt-unsafe): before any thread
    return text == nullptr ? kVisitsPerPod : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

std::uint64_t counter(const Node& node, const std::string& name) {
    const auto status = node.ask_daemon("status");
    return status && (*status)["counters"].contains(name) ? (*status)["counters"][name].get<std::uint64_t>() : 0;
}

std::string books(const Node& node) {
    return std::to_string(counter(node, "dns-held")) + " frames held, " + std::to_string(counter(node, "held answers learnt")) +
           " answers learnt, " + std::to_string(counter(node, "held answers not learnt")) + " not, " +
           std::to_string(counter(node, "held frames lost")) + " frames lost, " + std::to_string(counter(node, "dns-unparsed")) +
           " went on without the daemon";
}

}  // namespace

TEST_CASE("held answers of every kind: no first packet lost, none denied") {
    Site site("limits: {learntAddressesPerEndpoint: 1000000}\n");
    site.world.set_script(answer_all);
    site.node.write_policy("policy.yaml", kPolicy);
    site.node.start_daemon();
    std::vector<std::unique_ptr<Pod>> pods;
    for (unsigned i = 0; i < kPods; ++i) {
        pods.push_back(site.node.add({"held" + std::to_string(i), "default", {}}));
    }
    const unsigned visits = visits_per_pod();
    std::vector<Tallies> tallies(kPods);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kPods; ++i) {
        threads.emplace_back([&, i] { tallies[i] = visit_all(*pods[i], visits); });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    for (const char kind : kKinds) {
        Tally sum;
        for (Tallies& one : tallies) {
            sum.unanswered += one[kind].unanswered;
            sum.lost += one[kind].lost;
            sum.denied += one[kind].denied;
        }
        std::printf("held answers, kind %c: %u unanswered, %u first packets lost, %u denied\n", kind, sum.unanswered, sum.lost, sum.denied);
        INFO("kind " << kind);
        CHECK(sum.unanswered == 0);
        CHECK(sum.lost == 0);
        CHECK(sum.denied == 0);
    }
    std::printf("held answers: %s\n", books(site.node).c_str());
    CHECK(counter(site.node, "held answers learnt") > 0);
    CHECK(counter(site.node, "held frames lost") == 0);
    for (const auto& pod : pods) {
        site.node.remove(*pod);
    }
    CHECK(site.node.state() == "");
}

TEST_CASE("held kinds without a daemon: DNS flows on, nothing is opened by it") {
    Site site;
    site.world.set_script(answer_all);
    site.node.write_policy("policy.yaml", kPolicy);
    site.node.start_daemon();
    const auto pod = site.node.add({"alone", "default", {}});
    const unsigned first = World::take_indexes(64);
    Tally with;
    run_inside(pod->netns, [&] { visit('m', first, 0, with); });
    CHECK(with.unanswered + with.denied == 0);
    // Killed between two questions: the next one is answered at once.
    site.node.kill_daemon();
    run_inside(pod->netns, [&] {
        for (unsigned i = 1; i <= 16; ++i) {
            const char kind = kKinds[i % kKinds.size()];
            INFO("kind " << kind);
            const auto start = SteadyClock::now();
            const auto answer = look_up({name_of(kind, first + i), kTypeA, kServer4}, kind);
            CHECK(answer);
            CHECK((answer && !answer->addresses.empty()));
            CHECK(SteadyClock::now() - start < Milliseconds(1500));
        }
    });
    CHECK_FALSE(connects_from(pod->netns, World::fresh_address(first + 8, false), kTcpPort, kDenied));
    // Its successor learns again.
    site.node.start_daemon();
    Tally after;
    run_inside(pod->netns, [&] {
        for (unsigned i = 20; i < 28; ++i) {
            visit(kKinds[i % kKinds.size()], first + i, 0, after);
        }
    });
    CHECK(after.unanswered == 0);
    CHECK(after.denied == 0);
    site.node.remove(*pod);
    CHECK(site.node.state() == "");
}

namespace {

// A DNS server on the node itself, of one connection and one answer.
class LocalServer {
  public:
    LocalServer() : listener_(open_socket(AF_INET, SOCK_STREAM)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(53);
        ::inet_pton(AF_INET, kNodeAddress4, &address.sin_addr);
        const int on = 1;
        if (::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
            ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listener_.get(), 4) != 0) {
            fail_with_errno("a server on the node");
        }
    }
    // Answers the next connection's question.
    void serve(const std::string& name) const {
        Fd stream;
        eventually([&] { return (stream = Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC))).valid(); });
        std::array<std::uint8_t, 512> question{};
        if (::recv(stream.get(), question.data(), question.size(), 0) < 4) {
            return;
        }
        WorldQuestion asked;
        asked.name = name;
        asked.type = kTypeA;
        asked.tcp = true;
        asked.id = static_cast<std::uint16_t>(question[2] << 8 | question[3]);
        Bytes out = answer_held(asked)->front().message;
        const std::array<std::uint8_t, 2> length{static_cast<std::uint8_t>(out.size() >> 8), static_cast<std::uint8_t>(out.size() & 0xff)};
        out.insert(out.begin(), length.begin(), length.end());
        ::send(stream.get(), out.data(), out.size(), MSG_NOSIGNAL);
        // The other side closes first.
        ::recv(stream.get(), question.data(), question.size(), 0);
    }

  private:
    Fd listener_;
};

}  // namespace

// A frame that is held must not look dropped to a sender in the same kernel: TCP would wait, and send it again for ever.
TEST_CASE("held answers of a DNS server on the node itself") {
    Site site("limits: {learntAddressesPerEndpoint: 100000}\n");
    site.node.write_policy("policy.yaml", kPolicy);
    site.node.start_daemon();
    const auto pod = site.node.add({"local", "default", {}});
    const unsigned first = World::take_indexes(10);
    const LocalServer server;
    std::chrono::milliseconds slowest{0};
    for (unsigned i = 0; i < 10; ++i) {
        // Every other one is 64 KB.
        const std::string name = name_of(i % 2 == 0 ? 'm' : 'l', first + i);
        std::thread serving([&] { server.serve(name); });
        run_inside(pod->netns, [&] {
            const auto start = SteadyClock::now();
            const auto answers = ask_tcp(open_socket(AF_INET, SOCK_STREAM), kNodeAddress4, {{name, kTypeA, ""}});
            slowest = std::max(slowest, std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - start));
            CHECK(answers.size() == 1);
        });
        serving.join();
        CHECK(connects_from(pod->netns, World::fresh_address(first + i, false), kTcpPort, kBeforeRepeat));
    }
    std::printf("held answers of a server on the node: slowest %lld ms; %s\n", static_cast<long long>(slowest.count()),
                books(site.node).c_str());
    CHECK(counter(site.node, "held answers learnt") == 10);
    site.node.remove(*pod);
    CHECK(site.node.state() == "");
}

TEST_CASE("several messages in one stream, split anywhere, each learnt before the pod has it") {
    Site site;
    site.node.write_policy("policy.yaml", kPolicy);
    std::atomic<std::size_t> piece{0};
    site.world.set_script([&piece](const WorldQuestion& question) {
        auto replies = answer_all(question);
        if (replies) {
            replies->front().piece = piece;
        }
        return replies;
    });
    site.node.start_daemon();
    const auto pod = site.node.add({"stream", "default", {}});
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{40}}) {
        piece = bytes;
        const unsigned first = World::take_indexes(8);
        std::vector<Question> questions;
        for (unsigned i = 0; i < 8; ++i) {
            questions.push_back({name_of('x', first + i), i % 2 == 0 ? kTypeA : kTypeAaaa, ""});
        }
        run_inside(pod->netns, [&] {
            const auto answers = ask_tcp(open_socket(AF_INET, SOCK_STREAM), kServer4, questions);
            CHECK(answers.size() == questions.size());
            for (unsigned i = 0; i < 8; ++i) {
                INFO("pieces of " << bytes << "; " << books(site.node));
                const IpAddress address = World::fresh_address(first + i, i % 2 != 0);
                const Fd socket = open_tcp(address);
                CHECK(connect_to(socket, address, kTcpPort, kBeforeRepeat).connected);
            }
        });
    }
    site.node.remove(*pod);
    CHECK(site.node.state() == "");
}

// SPDX-License-Identifier: Apache-2.0
// The first promise for the responses that only the daemon can judge: more records than the kernel's limit, records out of order,
// fragments, DNS over TCP, deep wildcards, chains over two responses.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstring>

#include "held_kinds.h"
#include "site.h"
#include "support/rounds.h"

namespace held_test {

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr unsigned kPods = 20;
constexpr unsigned kClients = 8;
constexpr unsigned kVisits = 1600;
constexpr unsigned kVisitsInARow = 25;  // of one client in one pod

const std::string kAllKinds = std::string("xxx") + kHeldKinds;

// Goes from pod to pod until the visits are done. Clients begin at different pods, and meet in them.
VisitsByKind visit_in_turn(const std::vector<std::unique_ptr<Pod>>& pods, unsigned client, unsigned count) {
    VisitsByKind out;
    const auto kinds = static_cast<unsigned>(kAllKinds.size());
    for (unsigned done = 0, turn = client * kPods / kClients; done < count; ++turn) {
        const unsigned end = std::min(count, done + kVisitsInARow);
        const unsigned first = World::take_indexes(end - done);
        run_inside(pods[turn % kPods]->netns, [&] {
            for (unsigned i = done; i < end; ++i) {
                const char kind = kAllKinds[i % kinds];
                const bool seldom = kind == 'l' && i / kinds % kLargestEvery != 0;
                const char now = seldom ? 'x' : kind;
                visit_held(now, first + i - done, i / kinds, out[now]);
            }
        });
        done = end;
    }
    return out;
}

VisitsByKind visit_at_once(const std::vector<std::unique_ptr<Pod>>& pods, unsigned count) {
    std::vector<VisitsByKind> each(kClients);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kClients; ++i) {
        threads.emplace_back([&, i] { each[i] = visit_in_turn(pods, i, count / kClients); });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    VisitsByKind sum;
    for (const VisitsByKind& one : each) {
        for (const auto& [kind, visits] : one) {
            sum[kind].add(visits);
        }
    }
    return sum;
}

std::uint64_t counter(const Node& node, const std::string& name) {
    const auto status = node.ask_daemon("status");
    return status && (*status)["counters"].contains(name) ? (*status)["counters"][name].get<std::uint64_t>() : 0;
}

std::string books(const Node& node) {
    return std::to_string(counter(node, "dns_held")) + " frames held, " + std::to_string(counter(node, "held_responses_learnt")) +
           " responses learned, " + std::to_string(counter(node, "held_responses_unlearnt")) + " not, " +
           std::to_string(counter(node, "held_frames_lost")) + " frames lost, " + std::to_string(counter(node, "dns_held_full")) +
           " found no space, " + std::to_string(counter(node, "dns_unparsed")) + " went on without the daemon";
}

}  // namespace

TEST_CASE("every kind of lookup, held or not: 8 clients on 20 pods, no first packet lost, none denied") {
    const unsigned long visits = setting("NAMEGATE_ROUNDS", kVisits);
    Site site("limits: {learntAddressesPerEndpoint: 1000000}\n");
    site.world.set_script(answer_held);
    site.node.write_policy("policy.yaml", kHeldPolicy);
    site.node.start_daemon();
    std::vector<std::unique_ptr<Pod>> pods;
    for (unsigned i = 0; i < kPods; ++i) {
        pods.push_back(site.node.add({"held" + std::to_string(i), "default", {}}));
    }
    const VisitsByKind kinds = visit_at_once(pods, static_cast<unsigned>(visits));
    const Visits sum = print_visits("lookup-then-connect", kinds);
    std::printf("held responses: %s\n", books(site.node).c_str());
    CHECK(sum.made == visits / kClients * kClients);
    CHECK(sum.unanswered == 0);
    CHECK(sum.lost == 0);
    CHECK(sum.denied == 0);
    CHECK(kinds.size() == std::strlen(kHeldKinds) + 1);
    CHECK(counter(site.node, "held_responses_learnt") > 0);
    CHECK(counter(site.node, "held_frames_lost") == 0);
    for (const auto& pod : pods) {
        site.node.remove(*pod);
    }
    CHECK(site.node.state() == "");
}

TEST_CASE("held kinds without a daemon: DNS works, and opens nothing") {
    Site site;
    site.world.set_script(answer_held);
    site.node.write_policy("policy.yaml", kHeldPolicy);
    site.node.start_daemon();
    const auto pod = site.node.add({"alone", "default", {}});
    const unsigned first = World::take_indexes(64);
    Visits with;
    run_inside(pod->netns, [&] { visit_held('m', first, 0, with); });
    CHECK(with.unanswered + with.denied == 0);
    // Killed between two queries: the next response arrives at once.
    site.node.kill_daemon();
    run_inside(pod->netns, [&] {
        for (unsigned i = 1; i <= 16; ++i) {
            const char kind = kHeldKinds[i % std::strlen(kHeldKinds)];
            INFO("kind " << kind);
            const auto start = SteadyClock::now();
            const auto answer = look_up_held({held_name(kind, first + i), kTypeA, kServer4}, kind);
            CHECK(answer);
            CHECK((answer && !answer->addresses.empty()));
            CHECK(SteadyClock::now() - start < Milliseconds(1500));
        }
    });
    CHECK_FALSE(connects_from(pod->netns, World::fresh_address(first + 8, false), kTcpPort, kDenied));
    // The next daemon learns again.
    site.node.start_daemon();
    Visits after;
    run_inside(pod->netns, [&] {
        for (unsigned i = 20; i < 28; ++i) {
            visit_held(kHeldKinds[i % std::strlen(kHeldKinds)], first + i, 0, after);
        }
    });
    CHECK(after.unanswered == 0);
    CHECK(after.denied == 0);
    site.node.remove(*pod);
    CHECK(site.node.state() == "");
}

namespace {

// A DNS server on the node itself, for one connection and one response.
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
    // Responds to the next connection's query.
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

// A held frame must not look dropped to a sender in the same kernel: TCP would wait, and send it again and again.
TEST_CASE("held responses of a DNS server on the node itself") {
    Site site("limits: {learntAddressesPerEndpoint: 100000}\n");
    site.node.write_policy("policy.yaml", kHeldPolicy);
    site.node.start_daemon();
    const auto pod = site.node.add({"local", "default", {}});
    const unsigned first = World::take_indexes(10);
    const LocalServer server;
    std::chrono::milliseconds slowest{0};
    for (unsigned i = 0; i < 10; ++i) {
        // Every second one is 64 KB.
        const std::string name = held_name(i % 2 == 0 ? 'm' : 'l', first + i);
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
    std::printf("held responses of a server on the node: slowest %lld ms; %s\n", static_cast<long long>(slowest.count()),
                books(site.node).c_str());
    CHECK(counter(site.node, "held_responses_learnt") == 10);
    site.node.remove(*pod);
    CHECK(site.node.state() == "");
}

TEST_CASE("several messages in one stream, split anywhere, are each learned before the pod has them") {
    Site site;
    site.node.write_policy("policy.yaml", kHeldPolicy);
    std::atomic<std::size_t> piece{0};
    site.world.set_script([&piece](const WorldQuestion& question) {
        auto replies = answer_held(question);
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
            questions.push_back({held_name('x', first + i), i % 2 == 0 ? kTypeA : kTypeAaaa, ""});
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

}  // namespace held_test

// SPDX-License-Identifier: Apache-2.0
// The first promise: a name's addresses are open before the pod can see the response. Clients look up a new name with a new address
// and connect as soon as the response arrives, ten thousand times.
#include <netinet/in.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>

#include "site.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr unsigned kPods = 4;
constexpr unsigned kVisitsPerPod = 2500;
constexpr unsigned kOutside = 1000;
constexpr unsigned kUdpEvery = 10;

struct Tally {
    unsigned visits = 0;
    unsigned unanswered = 0;
    unsigned lost = 0;    // succeeded only after the first packet was sent again
    unsigned denied = 0;  // did not succeed
    std::chrono::microseconds slowest{0};

    void add(const Tally& other) {
        visits += other.visits;
        unanswered += other.unanswered;
        lost += other.lost;
        denied += other.denied;
        slowest = std::max(slowest, other.slowest);
    }
};

// What varies between visits: the family of the address and of the path to the server, the CNAMEs, and whether the policy has the
// question or only a CNAME's target.
struct Visit {
    explicit Visit(unsigned number)
        : v6((number & 1U) != 0),
          server(number / 2 % 2 == 0 ? kServer4 : kServer6),
          chain(number / 4 % 4),
          suffix(chain > 0 && number / 16 % 2 == 1 ? "alias.test" : "allowed.test") {}

    bool v6;
    const char* server;
    unsigned chain;
    const char* suffix;
};

void visit(unsigned number, unsigned index, Tally& tally) {
    const Visit how(number);
    const Fd udp = open_socket(how.server == kServer4 ? AF_INET : AF_INET6, SOCK_DGRAM);
    // The connection's socket is made in advance, so that nothing delays the first packet after the response.
    const bool use_udp = number % kUdpEvery == kUdpEvery - 1;
    Fd socket = open_socket(how.v6 ? AF_INET6 : AF_INET, use_udp ? SOCK_DGRAM : SOCK_STREAM);
    tally.visits += 1;
    const auto answer = ask(udp, {World::fresh_name(index, how.chain, how.suffix), how.v6 ? kTypeAaaa : kTypeA, how.server});
    if (!answer || answer->addresses.size() != 1) {
        tally.unanswered += 1;
        return;
    }
    const IpAddress& address = answer->addresses.front();
    const auto start = SteadyClock::now();
    if (use_udp) {
        const bool back = connect_to(socket, address, kUdpPort, kBeforeRepeat).connected && echoes(socket, "visit", kPatience);
        tally.denied += back ? 0U : 1U;
    } else {
        const Attempt attempt = connect_to(socket, address, kTcpPort, Milliseconds(3000));
        tally.denied += attempt.connected ? 0U : 1U;
        tally.lost += attempt.connected && (attempt.retransmissions > 0 || attempt.took > kBeforeRepeat) ? 1U : 0U;
        drop_connection(socket);
    }
    tally.slowest = std::max(tally.slowest, std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - start));
}

Tally visit_all(const Pod& pod, unsigned count) {
    const unsigned first = World::take_indexes(count);
    Tally tally;
    run_inside(pod.netns, [&] {
        for (unsigned i = 0; i < count; ++i) {
            visit(i, first + i, tally);
        }
    });
    return tally;
}

// Looks up names outside the policy, and tries all addresses at the same time.
std::size_t visit_outside(const Pod& pod, unsigned count, unsigned& answered) {
    const unsigned first = World::take_indexes(count);
    std::vector<IpAddress> addresses;
    run_inside(pod.netns, [&] {
        for (unsigned i = 0; i < count; ++i) {
            const Visit how(i);
            const Fd udp = open_socket(how.server == kServer4 ? AF_INET : AF_INET6, SOCK_DGRAM);
            const auto answer = ask(udp, {World::fresh_name(first + i, how.chain, "denied.test"), how.v6 ? kTypeAaaa : kTypeA, how.server});
            if (answer && answer->addresses.size() == 1) {
                answered += 1;
                addresses.push_back(answer->addresses.front());
            }
        }
    });
    return count_connected(pod.netns, addresses, kTcpPort, Milliseconds(1500));
}

void run_visits(bool with_daemon, unsigned visits_per_pod) {
    Site site;
    site.node.write_policy("policy.yaml", allow_domains("visits", "app == \"client\"", {"*.allowed.test", "*.cdn.alias.test"}));
    if (with_daemon) {
        site.node.start_daemon();
    }
    std::vector<std::unique_ptr<Pod>> pods;
    for (unsigned i = 0; i < kPods; ++i) {
        pods.push_back(site.node.add({"client" + std::to_string(i), "default", {{"app", "client"}}}));
    }
    std::vector<Tally> tallies(kPods);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kPods; ++i) {
        threads.emplace_back([&, i] { tallies[i] = visit_all(*pods[i], visits_per_pod); });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    Tally total;
    for (const Tally& tally : tallies) {
        total.add(tally);
    }
    std::printf("first packet, %s: %u fresh names, %u first packets lost, %u denied, %u without a response, slowest connection %lld us\n",
                with_daemon ? "daemon running" : "no daemon", total.visits, total.lost, total.denied, total.unanswered,
                static_cast<long long>(total.slowest.count()));
    if (with_daemon && total.lost + total.denied + total.unanswered > 0) {
        UNSCOPED_INFO("the node's counters: " << site.node.ask_daemon("status").value_or(nullptr).dump());
    }
    const std::uint64_t before = site.world.connections();
    unsigned answered = 0;
    const std::size_t reached = visit_outside(*pods[0], kOutside, answered);
    std::printf("outside the policy, %s: %u names resolved, %zu connections\n", with_daemon ? "daemon running" : "no daemon", answered,
                reached);
    CHECK(total.visits == kPods * visits_per_pod);
    CHECK(total.lost == 0);
    CHECK(total.denied == 0);
    CHECK(total.unanswered == 0);
    CHECK(answered == kOutside);
    CHECK(reached == 0);
    CHECK(site.world.connections() == before);
    for (const auto& pod : pods) {
        site.node.remove(*pod);
    }
    CHECK(site.node.state() == "");
}

}  // namespace

TEST_CASE("ten thousand fresh names: no first packet lost, none denied; a thousand others: no connection") {
    run_visits(true, kVisitsPerPod);
}

TEST_CASE("the same with the kernel alone: no daemon was ever started") { run_visits(false, kVisitsPerPod / 5); }

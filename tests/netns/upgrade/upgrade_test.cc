// SPDX-License-Identifier: Apache-2.0
// An upgrade with pods running: connections carry data, names are looked up, and denied destinations are tried, all the time while
// another build takes over programs and maps.
#include <netinet/in.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>

#include "builds.h"
#include "datapath/bpf/abi.h"
#include "site.h"
#include "streams.h"
#include "support/rounds.h"

using namespace namegate;
using namespace namegate::test;

namespace {

#ifdef NAMEGATE_SANITIZED
constexpr unsigned long kPods = 4;
#else
constexpr unsigned long kPods = 8;  // unless NAMEGATE_UPGRADE_PODS says more
#endif
constexpr unsigned long kManyPods = 32;
constexpr unsigned kProbers = 4;
constexpr const char* kByName = "stays.allowed.test";
constexpr const char* kNamed = "198.18.1.1";
constexpr const char* kByNet = "198.18.2.1";
constexpr const char* kNever = "198.18.3.1";
constexpr std::uint32_t kLongTtl = 3600;
constexpr Milliseconds kSettle{700};
constexpr Milliseconds kDeniedFor{10};

std::string policy(const std::string& domain) {
    return "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata:\n  name: upgrade\nspec:\n"
           "  selector: app == \"client\"\n  types: [Egress]\n  egress:\n"
           "  - {action: Allow, protocol: UDP, destination: {ports: [53]}}\n"
           "  - {action: Allow, destination: {domains: ['" +
           domain + "']}}\n  - {action: Allow, destination: {nets: [198.18.2.0/24]}}\n";
}

struct Tally {
    std::atomic<unsigned> visits{0};
    std::atomic<unsigned> unanswered{0};
    std::atomic<unsigned> wrongly_denied{0};
    std::atomic<unsigned> wrongly_allowed{0};
};

// Threads go from pod to pod and try everything once: what is allowed must succeed at once, what is not must never succeed.
class Probers {
  public:
    explicit Probers(const std::vector<std::unique_ptr<Pod>>& pods) {
        for (unsigned i = 0; i < kProbers; ++i) {
            threads_.emplace_back([this, &pods] { run(pods); });
        }
    }
    ~Probers() { stop(); }
    Probers(const Probers&) = delete;
    Probers& operator=(const Probers&) = delete;
    Probers(Probers&&) = delete;
    Probers& operator=(Probers&&) = delete;

    void stop() {
        stop_ = true;
        for (std::thread& thread : threads_) {
            thread.join();
        }
        threads_.clear();
    }
    Tally tally;

  private:
    void run(const std::vector<std::unique_ptr<Pod>>& pods) {
        while (!stop_) {
            visit(*pods[next_++ % pods.size()]);
        }
    }
    void visit(const Pod& pod) {
        const unsigned index = World::take_indexes(2);
        pod.netns.within([&] {
            // Learned before the upgrade, and not looked up since.
            expect(kNamed, true);
            expect(kByNet, true);
            expect(kNever, false);
            look_up(World::fresh_name(index, index % 3, "allowed.test"), true);
            look_up(World::fresh_name(index + 1, index % 3, "denied.test"), false);
        });
        tally.visits += 1;
    }
    void expect(const std::string& address, bool allowed) { expect(*IpAddress::parse(address), allowed); }
    void expect(const IpAddress& address, bool allowed) {
        Fd tcp = open_tcp(address);
        const bool connected = connect_to(tcp, address, kTcpPort, allowed ? kBeforeRepeat : kDeniedFor).connected;
        drop_connection(tcp);
        tally.wrongly_denied += allowed && !connected ? 1U : 0U;
        tally.wrongly_allowed += !allowed && connected ? 1U : 0U;
    }
    void look_up(const std::string& name, bool allowed) {
        const Fd udp = open_socket(AF_INET, SOCK_DGRAM);
        const auto answer = ask(udp, {name, kTypeA, kServer4});
        if (!answer || answer->addresses.empty()) {
            tally.unanswered += 1;
            return;
        }
        expect(answer->addresses.front(), allowed);
    }

    std::atomic<bool> stop_{false};
    std::atomic<std::size_t> next_{0};
    std::vector<std::thread> threads_;
};

// Two connections that carry data, one allowed by a name and one by a net.
void open_streams(const Pod& pod, Streams& streams) {
    const auto answer = resolve(pod, kByName);
    REQUIRE(answer);
    for (const char* text : {kNamed, kByNet}) {
        const IpAddress address = *IpAddress::parse(text);
        Fd tcp = socket_inside(pod.netns, AF_INET, SOCK_STREAM);
        REQUIRE(connect_to(tcp, address, kTcpPort, kPatience).connected);
        streams.add(std::move(tcp));
    }
}

enum class By { kDaemon, kPlugin };

// Installs the new build; returns how long it took until it enforced every pod.
Milliseconds upgrade(Site& site, By by, std::vector<std::unique_ptr<Pod>>& pods) {
    site.node.stop_daemon();
    site.node.install({});
    const auto start = SteadyClock::now();
    if (by == By::kDaemon) {
        site.node.start_daemon();
    } else {
        pods.push_back(site.node.add({"first-of-the-new", "default", {{"app", "client"}}}));
    }
    CHECK(eventually([&] { return layouts(site.node) == "v" + std::to_string(NG_ABI_VERSION) + "\n"; }));
    return std::chrono::duration_cast<Milliseconds>(SteadyClock::now() - start);
}

}  // namespace

TEST_CASE("an upgrade with pods running: no connection is dropped or stalls, no verdict is wrong, nothing is forgotten") {
    const bool older = GENERATE(false, true);
    const By by = GENERATE(By::kDaemon, By::kPlugin);
    const char* from = older ? "an older layout" : "other programs of the same layout";
    const char* with = by == By::kDaemon ? "the daemon's start" : "an ADD without a daemon";
    INFO("from " << from << ", by " << with);
    const unsigned long count = setting("NAMEGATE_UPGRADE_PODS", kPods);
    Site site;
    site.world.set_name(kByName, {kNamed}, kLongTtl);
    site.node.write_policy("policy.yaml", policy("*.allowed.test"));
    site.node.install(older ? older_build() : earlier_build());
    site.node.start_daemon();
    Streams streams(Milliseconds(count > kManyPods ? 20 : 4));
    std::vector<std::unique_ptr<Pod>> pods;
    std::vector<std::unique_ptr<Pod>> late;
    for (unsigned long i = 0; i < count; ++i) {
        pods.push_back(site.node.add({"p" + std::to_string(i), "default", {{"app", "client"}}}));
        open_streams(*pods.back(), streams);
    }
    const std::string before = pinned_programs(site.node);
    streams.start();
    Probers probers(pods);
    std::this_thread::sleep_for(kSettle);
    const Milliseconds took = upgrade(site, by, late);
    std::this_thread::sleep_for(kSettle);
    CHECK(pinned_programs(site.node) != before);
    // The new build enforces its own state: an edit reaches every pod.
    if (by == By::kPlugin) {
        site.node.start_daemon();
    }
    probers.stop();
    site.node.write_policy("edit.yaml", allow_domains("edit", "app == \"client\"", {"*.edited.test"}));
    const unsigned index = World::take_indexes(1000);
    unsigned next = index;
    for (const auto& pod : pods) {
        CHECK(eventually([&] { return reaches(*pod, World::fresh_name(next++, 0, "edited.test"), Milliseconds(100)); }));
    }
    streams.stop();
    std::printf(
        "upgrade from %s by %s, %lu pods: %ld ms; %zu connections with %lu echoes, longest wait %ld ms: %u dropped, %u stalled, %u packets "
        "repeated; %u visits: %u lookups failed, %u wrongly denied, %u wrongly allowed\n",
        from, with, count, static_cast<long>(took.count()), streams.size(), streams.echoes.load(), streams.longest_ms.load(),
        streams.dropped.load(), streams.stalled.load(), streams.repeated.load(), probers.tally.visits.load(),
        probers.tally.unanswered.load(), probers.tally.wrongly_denied.load(), probers.tally.wrongly_allowed.load());
    CHECK(streams.dropped == 0);
    CHECK(streams.stalled == 0);
    CHECK(streams.repeated == 0);
    CHECK(probers.tally.visits > 0);
    CHECK(probers.tally.unanswered == 0);
    CHECK(probers.tally.wrongly_denied == 0);
    CHECK(probers.tally.wrongly_allowed == 0);
    for (const auto* some : {&pods, &late}) {
        for (const auto& pod : *some) {
            site.node.remove(*pod);
        }
    }
    CHECK(site.node.state() == "");
    CHECK(layouts(site.node) == "v" + std::to_string(NG_ABI_VERSION) + "\n");
    site.node.stop_daemon();
}

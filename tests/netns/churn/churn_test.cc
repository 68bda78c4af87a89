// SPDX-License-Identifier: Apache-2.0
// Pods added and deleted, many at a time, while policies change. Each pod does its work once, and afterwards the node is as before.
#include <netinet/in.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>

#include "census.h"
#include "site.h"
#include "support/rounds.h"
#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr unsigned kAtOnce = 16;
constexpr unsigned long kWarmUp = 2UL * kAtOnce;
constexpr Milliseconds kBetweenEdits{60};
constexpr Milliseconds kDeniedFor{10};
constexpr Milliseconds kSlowest{5000};  // an allowed connection: the machine is full of processes
constexpr Milliseconds kUntilCollected{20000};

#ifdef NAMEGATE_SANITIZED
constexpr unsigned long kPods = 32;
constexpr long kMostGrowthKib = 1'000'000;  // freed memory is kept in quarantine
#else
constexpr unsigned long kPods = 96;  // unless NAMEGATE_CHURN_PODS says more
constexpr long kMostGrowthKib = 2048;
#endif

struct Tally {
    std::atomic<unsigned> adds{0};
    std::atomic<unsigned> failed_adds{0};
    std::atomic<unsigned> failed_dels{0};
    std::atomic<unsigned> unanswered{0};
    std::atomic<unsigned> wrongly_denied{0};
    std::atomic<unsigned> wrongly_allowed{0};
    std::atomic<unsigned> edits{0};
};

std::string fresh(unsigned index, const char* suffix) { return World::fresh_name(index, index % 3, suffix); }

void live(const Node& node, unsigned long number, Tally& tally) {
    Pod pod(PodSpec{"p" + std::to_string(number), "default", {{"app", "client"}, {"team", "t" + std::to_string(number % 4)}}});
    const CniReply added = node.call("ADD", pod);
    tally.adds += 1;
    if (added.status != 0) {
        tally.failed_adds += 1;
        std::fprintf(stderr, "ADD of %s: %s\n", pod.id.c_str(), added.text().c_str());
    } else {
        const unsigned index = World::take_indexes(2);
        pod.netns.within([&] {
            for (const bool allowed : {true, false}) {
                const Fd udp = open_socket(AF_INET, SOCK_DGRAM);
                const auto answer =
                    ask(udp, {fresh(index + (allowed ? 0 : 1), allowed ? "allowed.test" : "denied.test"), kTypeA, kServer4});
                if (!answer || answer->addresses.empty()) {
                    tally.unanswered += 1;
                    continue;
                }
                Fd tcp = open_tcp(answer->addresses.front());
                const Attempt attempt = connect_to(tcp, answer->addresses.front(), kTcpPort, allowed ? kSlowest : kDeniedFor);
                drop_connection(tcp);
                // A packet that was sent twice was denied at first.
                tally.wrongly_denied += allowed && (!attempt.connected || attempt.retransmissions > 0) ? 1U : 0U;
                tally.wrongly_allowed += !allowed && attempt.connected ? 1U : 0U;
            }
        });
    }
    const CniReply deleted = node.call("DEL", pod);
    if (deleted.status != 0) {
        tally.failed_dels += 1;
        std::fprintf(stderr, "DEL of %s: %s\n", pod.id.c_str(), deleted.text().c_str());
    }
}

// Files that select all pods or some of them are added, changed and removed; what the pods try stays allowed and denied.
void edit(const Node& node, unsigned number) {
    const std::string file = "edit" + std::to_string(number % 5) + ".yaml";
    if (number % 3 == 2) {
        node.write_policy(file, "");
        return;
    }
    const std::string selector = number % 2 == 0 ? "app == \"client\"" : "team == \"t" + std::to_string(number % 4) + "\"";
    node.write_policy(file, allow_domains("edit" + std::to_string(number % 5), selector, {"*.n" + std::to_string(number) + ".test"}));
}

void churn(const Node& node, unsigned long pods, Tally& tally) {
    std::atomic<unsigned long> next{0};
    std::atomic<bool> over{false};
    std::thread editor([&] {
        while (!over) {
            edit(node, tally.edits++);
            std::this_thread::sleep_for(kBetweenEdits);
        }
    });
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kAtOnce; ++i) {
        threads.emplace_back([&] {
            for (unsigned long number = next++; number < pods; number = next++) {
                live(node, number, tally);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    over = true;
    editor.join();
    for (unsigned i = 0; i < 5; ++i) {
        node.write_policy("edit" + std::to_string(i) + ".yaml", "");
    }
}

// Policies that are no longer used are removed after a few seconds.
Census settled_census(Node& node, const Census* wanted) {
    Census census = take_census(node);
    eventually(
        [&] {
            std::this_thread::sleep_for(Milliseconds(200));
            census = take_census(node);
            bool same = true;
            for (std::size_t i = 0; i < census.size(); ++i) {
                const bool empty = census[i].first != "map policies" || census[i].second == 0;
                const bool moves = census[i].first == kDaemonMemory || census[i].first == kDaemonPins;
                const bool as_wanted = wanted == nullptr || moves || census[i].second == (*wanted)[i].second;
                same = same && empty && as_wanted;
            }
            return same;
        },
        kUntilCollected);
    return census;
}

// What the flow log has of the pods' flows and lookups: one flow and two lookups of each pod.
struct Recorded {
    unsigned flows = 0;
    unsigned lookups = 0;
    unsigned others = 0;  // such as a line that says that some are missing

    bool operator==(const Recorded&) const = default;
};
Recorded read_flow_log(const std::string& path) {
    Recorded out;
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
        const auto event = nlohmann::json::parse(line, nullptr, false);
        const std::string action = event.is_discarded() ? "" : event["event"]["action"];
        const bool to_world = action == "flow" && event["destination"].value("port", 0) == kTcpPort;
        out.flows += to_world ? 1U : 0U;
        out.lookups += action == "dns" ? 1U : 0U;
        out.others += action != "flow" && action != "dns" ? 1U : 0U;
    }
    return out;
}

void check_events(const Node& node, const std::string& flow_log, unsigned pods) {
    const Recorded wanted{pods, 2 * pods, 0};
    static_cast<void>(eventually([&] { return read_flow_log(flow_log) == wanted; }));
    const Recorded recorded = read_flow_log(flow_log);
    const nlohmann::json counters = (*node.ask_daemon("status"))["counters"];
    std::printf("events of %u pods: %u flows and %u lookups of %u; %s dropped by the daemon\n", pods, recorded.flows, recorded.lookups,
                2 * pods, counters["events_dropped"].dump().c_str());
    CHECK(recorded.flows == wanted.flows);
    CHECK(recorded.lookups == wanted.lookups);
    CHECK(recorded.others == 0);
    CHECK(counters["events_dropped"] == 0);
    CHECK(counters["flow_log_lost"] == 0);
}

}  // namespace

TEST_CASE("pods added and deleted, 16 at a time, while policies change: nothing fails, no event is lost, nothing is left") {
    const unsigned long pods = setting("NAMEGATE_CHURN_PODS", kPods);
    const TempDir logs;
    const std::string flow_log = logs.path() + "/flows.jsonl";
    Site site("flowLog: {path: " + flow_log + ", events: [flow, dns]}\n");
    site.node.masquerade();
    site.node.write_policy("policy.yaml", allow_domains("churn", "app == \"client\"", {"*.allowed.test"}));
    site.node.start_daemon();
    Tally warm;
    churn(site.node, kWarmUp, warm);
    const Census before = settled_census(site.node, nullptr);
    Tally tally;
    const auto start = SteadyClock::now();
    churn(site.node, pods, tally);
    const auto took = std::chrono::duration_cast<std::chrono::seconds>(SteadyClock::now() - start);
    const Census after = settled_census(site.node, &before);
    std::printf(
        "%u pods up and down, %u at a time, %u edits of policies, in %ld s: %u ADDs and %u DELs failed, %u lookups without a response, %u "
        "wrongly "
        "denied, %u wrongly allowed\n",
        tally.adds.load(), kAtOnce, tally.edits.load(), static_cast<long>(took.count()), tally.failed_adds.load(), tally.failed_dels.load(),
        tally.unanswered.load(), tally.wrongly_denied.load(), tally.wrongly_allowed.load());
    print_censuses(before, after);
    check_events(site.node, flow_log, static_cast<unsigned>(kWarmUp) + tally.adds - tally.failed_adds);
    CHECK(tally.adds == pods);
    CHECK(tally.failed_adds == 0);
    CHECK(tally.failed_dels == 0);
    CHECK(tally.unanswered == 0);
    CHECK(tally.wrongly_denied == 0);
    CHECK(tally.wrongly_allowed == 0);
    const long pins = std::find_if(after.begin(), after.end(), [](const auto& row) { return row.first == "pins"; })->second;
    for (std::size_t i = 0; i < before.size(); ++i) {
        INFO(before[i].first);
        if (before[i].first == kDaemonMemory) {
            CHECK(after[i].second - before[i].second < kMostGrowthKib);
        } else if (before[i].first == kDaemonPins) {
            CHECK(after[i].second <= pins);
        } else {
            CHECK(after[i].second == before[i].second);
        }
    }
    site.node.stop_daemon();
    CHECK(site.node.state() == "");
}

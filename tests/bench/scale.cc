// SPDX-License-Identifier: Apache-2.0
//
// A node at its full size: 250 endpoints, 1,000 policies, 10,000 sets with 100,000 domains in 2,000 files. How long
// the daemon takes from its start until everything is in force, how long one changed file takes until it is in force
// on every endpoint that it affects, and how much memory the daemon uses.
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "measure.h"
#include "support/http_client.h"
#include "support/large_node.h"
#include "support/node_start.h"

using namespace namegate;
using namespace namegate::test;
using namegate::bench::percentile;

namespace {

constexpr std::uint16_t kPagePort = 9465;
// Each change makes 25 policies with 500 patterns. Without a pause, they fill the table of patterns before the removal ends, and
// the last change waits for it.
constexpr auto kBetweenChanges = std::chrono::milliseconds(60);

double memory_mib(pid_t pid, const char* field) {
    const std::string text = must_run("grep " + std::string(field) + ": /proc/" + std::to_string(pid) + "/status");
    return std::strtod(text.c_str() + std::strlen(field) + 1, nullptr) / 1024;
}

// Milliseconds of processor time, all threads: the best measure on a machine with other load.
double cpu_ms(pid_t pid) {
    const std::string text = must_run("awk '{print $14 + $15}' /proc/" + std::to_string(pid) + "/stat");
    return std::strtod(text.c_str(), nullptr) * 1000 / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

void start(LargeNode& node, const char* what) {
    const double took = node.start().count();
    std::printf("%-52s %6.0f ms (%.0f ms of processor time)\n", what, took, cpu_ms(node.daemon().pid()));
}

void print_memory(const char* when, pid_t pid) {
    std::printf("%-52s %6.1f MiB, of which its own %.1f\n", when, memory_mib(pid, "VmRSS"), memory_mib(pid, "RssAnon"));
}

// What the daemon logs about the removal of unused policies, which runs beside all other work.
void print_collections(const std::string& log) {
    unsigned collections = 0;
    double policies = 0;
    double longest_us = 0;
    const auto number = [](const std::string& line, const std::string& field) {
        const std::size_t at = line.find(field);
        return at == std::string::npos ? 0.0 : std::strtod(line.c_str() + at + field.size(), nullptr);
    };
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);) {
        if (line.find("unused policies removed") != std::string::npos) {
            ++collections;
            policies += number(line, "policies=");
            longest_us = std::max(longest_us, number(line, "longest_lock_us="));
        }
    }
    std::printf("unused policies removed: %.0f in %u times, each with the node lock held for at most %.1f ms at a time\n", policies,
                collections, longest_us / 1000);
}

struct Kind {
    const char* what;
    std::vector<double> took{};
    double cpu_ms = 0;  // of all of them
};

void changes(LargeNode& node, unsigned rounds) {
    Kind kinds[] = {
        {"a file of ten sets, one endpoint affected"}, {"a policy file, one endpoint affected"}, {"a policy file, 25 endpoints affected"}};
    unsigned others = 0;
    for (unsigned round = 0; round < rounds; ++round) {
        const unsigned single = LargeNode::kZones + round * 37 % (node.shape().policies - LargeNode::kZones);
        const unsigned zone = round % LargeNode::kZones;
        const unsigned port = 1000 + round;
        const std::vector<ng_endpoint_config> before = node.configs();
        const auto measure = [&](Kind& kind, unsigned policy, const LargeNode::Change& change) {
            const double cpu = cpu_ms(node.daemon().pid());
            kind.took.push_back(node.until_in_force(node.affected(policy), change));
            kind.cpu_ms += cpu_ms(node.daemon().pid()) - cpu;
        };
        measure(kinds[0], single, node.sets_change(single, round + 1));
        measure(kinds[1], single, node.policy_change(single, port));
        measure(kinds[2], zone, node.policy_change(zone, port));
        std::set<unsigned> affected = node.affected(zone);
        affected.merge(node.affected(single));
        const std::vector<ng_endpoint_config> after = node.configs();
        for (unsigned i = 0; i < before.size(); ++i) {
            others += affected.count(i) == 0 && before[i].generation != after[i].generation ? 1U : 0U;
        }
    }
    std::printf("\n%-46s %9s %9s %16s\n", "from the change of", "median", "p99", "processor time");
    for (const Kind& kind : kinds) {
        std::printf("%-46s %6.1f ms %6.1f ms %13.1f ms\n", kind.what, percentile(kind.took, 50), percentile(kind.took, 99),
                    kind.cpu_ms / static_cast<double>(kind.took.size()));
    }
    std::printf("%u changes each, until in force on all that they affect; other endpoints touched: %u\n", rounds, others);
}

// The same while a child process of the daemon removes unused policies.
void changes_meanwhile(LargeNode& node) {
    const std::string children =
        "/proc/" + std::to_string(node.daemon().pid()) + "/task/" + std::to_string(node.daemon().pid()) + "/children";
    const auto collects = [&children] {
        std::ifstream in(children);
        return !std::string(std::istreambuf_iterator<char>(in), {}).empty();
    };
    if (!eventually(collects)) {
        throw std::runtime_error("unused policies are not removed");
    }
    std::vector<double> took;
    for (unsigned round = 0; collects(); ++round) {
        const unsigned zone = round % LargeNode::kZones;
        took.push_back(node.until_in_force(node.affected(zone), node.policy_change(zone, 2000 + round)));
        std::this_thread::sleep_for(kBetweenChanges);
    }
    std::printf("while unused policies are removed, 25 affected: %zu changes, median %.1f ms, longest %.1f ms\n", took.size(),
                percentile(took, 50), percentile(took, 100));
}

// What a request for the data of the page keeps the event loop from other work.
void page(LargeNode& node) {
    std::vector<double> took;
    std::size_t bytes = 0;
    const double cpu = cpu_ms(node.daemon().pid());
    constexpr unsigned kRounds = 50;
    for (unsigned round = 0; round < kRounds; ++round) {
        HttpClient client = HttpClient::tcp(kPagePort);
        const auto begin = std::chrono::steady_clock::now();
        client.get("/api/v1/graph");
        while (!client.has_response() && !client.ended()) {
            client.receive();
        }
        took.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
        bytes = client.body().size();
        std::this_thread::sleep_for(std::chrono::milliseconds(250));
    }
    std::printf("\nthe page's data, everything, no connections: %zu bytes, first %.1f ms, median %.1f ms, processor time %.1f ms\n", bytes,
                took.front(), percentile(took, 50), (cpu_ms(node.daemon().pid()) - cpu) / kRounds);
}

}  // namespace

int main(int argc, char** argv) {
    const bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
    try {
        start_node();
        LargeNode node(LargeNodeShape{});
        std::printf("\nScale: %u endpoints, %u policies, %u sets with %u domains in %u files\n\n", node.shape().endpoints,
                    node.shape().policies, node.shape().policies * node.shape().sets_per_policy, node.shape().domains(),
                    2 * node.shape().policies);
        node.daemon().write(node.daemon().config_path(),
                            must_run("cat " + node.daemon().config_path()) + "uiAddress: 127.0.0.1:" + std::to_string(kPagePort) + "\n");
        start(node, "daemon, from its start until all is in force");
        print_memory("its memory then", node.daemon().pid());
        node.daemon().stop(SIGKILL);
        start(node, "started again, nothing to change");
        print_memory("its memory then", node.daemon().pid());
        page(node);
        changes(node, quick ? 10 : 100);
        changes_meanwhile(node);
        std::this_thread::sleep_for(std::chrono::seconds(7));  // unused policies are removed after five
        std::printf("\n");
        print_collections(node.daemon().log());
        print_memory("memory after the changes", node.daemon().pid());
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_scale: %s\n", error.what());
        return 1;
    }
    return 0;
}

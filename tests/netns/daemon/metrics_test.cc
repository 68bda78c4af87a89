// SPDX-License-Identifier: Apache-2.0
// The metrics of a real daemon: what a scrape shows, that promtool and docs/metrics.md agree with it, and what it costs.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include "daemon/counters/counters.h"
#include "support/large_node.h"
#include "support/scrape.h"

namespace namegate::test {
namespace {

constexpr std::uint16_t kPort = 9464;

void set(const DaemonNode& node, const std::string& line) { std::ofstream(node.config_path(), std::ios::app) << line << "\n"; }

struct MeasuredNode : DaemonNode {
    explicit MeasuredNode(const std::string& address = "127.0.0.1:" + std::to_string(kPort)) { set(*this, "metricsAddress: " + address); }
};

// The rows of the table in docs/metrics.md: name and type.
std::map<std::string, std::string> documented() {
    std::ifstream in(NAMEGATE_DOCS "/metrics.md");
    const std::regex row("^\\| `(namegate_\\w+)` \\| (\\w+) \\|.*");
    std::map<std::string, std::string> out;
    for (std::string line; std::getline(in, line);) {
        if (std::smatch found; std::regex_match(line, found, row)) {
            out[found[1]] = found[2];
        }
    }
    return out;
}

double on_cpu_ms(pid_t pid) {
    double ns = 0;
    std::ifstream("/proc/" + std::to_string(pid) + "/schedstat") >> ns;
    return ns / 1e6;
}

}  // namespace

TEST_CASE("every metric is documented with its type, every documented one is there, and promtool accepts them") {
    MeasuredNode node;
    node.start();
    const Scrape seen = scrape(kPort);
    CHECK(seen.types == documented());
    const std::string file = node.folder() + "/scrape";
    DaemonNode::write(file, seen.text);
    const CommandOutput checked = run_command("promtool check metrics < " + file);
    INFO(checked.text);
    CHECK(checked.status == 0);
    CHECK(checked.text.empty());
}

TEST_CASE("every counter of docs/counters.md is a metric") {
    MeasuredNode node;
    node.start();
    const Scrape seen = scrape(kPort);
    for (const daemon::CounterInfo& counter : daemon::daemon_counters()) {
        const bool gauge = counter.kind == daemon::CounterInfo::Kind::kGauge;
        const std::string name = "namegate_" + std::string(counter.name) + (gauge ? "" : "_total");
        INFO(name);
        REQUIRE(seen.types.count(name) == 1);
        CHECK(seen.types.at(name) == (gauge ? "gauge" : "counter"));
    }
    for (const daemon::CounterInfo& counter : daemon::program_counters()) {
        const std::string name = "namegate_program_" + std::string(counter.name) + "_total";
        INFO(name);
        REQUIRE(seen.types.count(name) == 1);
        CHECK(seen.types.at(name) == "counter");
    }
}

TEST_CASE("endpoints, denied packets, files and times are counted, and sums survive the endpoint") {
    MeasuredNode node;
    const TestNetns pod;
    node.start();
    CHECK(scrape(kPort).at("namegate_endpoints{mode=\"enforced\"}") == 0);
    node.write(node.policies() + "/a.yaml", deny_policy("deny"));
    REQUIRE(eventually([&] { return node.must_ask("status")["counters"]["policies"] == 1; }));
    REQUIRE(node.cni("ADD", "one", pod.path(), "shop").status == 0);
    pod.run("ping -c 3 -i 0.1 -W 1 198.18.0.1");

    const std::string denied = "namegate_endpoint_denied_packets_total{namespace=\"default\",pod=\"shop\",group=\"pod\"}";
    const Scrape seen = new_scrape(kPort);
    CHECK(seen.at("namegate_endpoints{mode=\"enforced\"}") == 1);
    CHECK(seen.at("namegate_endpoints{mode=\"closed\"}") == 0);
    CHECK(seen.at(denied) == 3);
    CHECK(seen.at("namegate_program_denied_total") == 3);
    CHECK(seen.at("namegate_policies") == 1);
    CHECK(seen.at("namegate_policy_files{state=\"loaded\"}") == 1);
    CHECK(seen.at("namegate_policy_apply_seconds_count") == 1);
    CHECK(seen.at("namegate_add_seconds_count{step=\"prepare\"}") == 1);
    CHECK(seen.at("namegate_add_seconds_count{step=\"program\"}") == 1);
    CHECK(seen.at("namegate_add_seconds_sum{step=\"program\"}") > 0);

    // A broken file, and a policy that selects nothing.
    node.write(node.policies() + "/a.yaml", "kind: [");
    node.write(
        node.policies() + "/b.yaml",
        "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: none, namespace: elsewhere}\nspec: {selector: all()}\n");
    const bool found = eventually([] {
        const Scrape now = new_scrape(kPort);
        return now.at("namegate_policy_files{state=\"last_good\"}") == 1 && now.at("namegate_degraded{kind=\"policy_file\"}") == 1 &&
               now.at("namegate_warnings{kind=\"policy_selects_nothing\"}") == 1;
    });
    INFO(scrape(kPort).text << node.must_ask("status").dump(1));
    REQUIRE(found);

    REQUIRE(node.cni("DEL", "one", pod.path()).status == 0);
    const Scrape after = new_scrape(kPort);
    CHECK(after.at("namegate_endpoints{mode=\"enforced\"}") == 0);
    CHECK(after.at("namegate_program_denied_total") == 3);
    CHECK(after.series.count(denied) == 0);
}

TEST_CASE("after a restart of the daemon the sums begin at zero") {
    MeasuredNode node;
    const TestNetns pod;
    node.write(node.policies() + "/a.yaml", deny_policy("deny"));
    node.start();
    REQUIRE(node.cni("ADD", "one", pod.path()).status == 0);
    pod.run("ping -c 2 -i 0.1 -W 1 198.18.0.1");
    CHECK(new_scrape(kPort).at("namegate_program_denied_total") == 2);
    const double started = scrape(kPort).at("namegate_start_time_seconds");
    CHECK(std::abs(started - static_cast<double>(SystemClock().wall_seconds())) < 60);

    node.stop(SIGKILL);
    node.start();
    CHECK(scrape(kPort).at("namegate_program_denied_total") == 0);
    pod.run("ping -c 1 -W 1 198.18.0.1");
    CHECK(new_scrape(kPort).at("namegate_program_denied_total") == 1);
}

TEST_CASE("rules that never matched are counted") {
    MeasuredNode node;
    const TestNetns pod;
    node.write(node.policies() + "/a.yaml",
               "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: two}\n"
               "spec: {selector: all(), types: [Egress], egress: [{action: Allow, protocol: UDP}, {action: Deny}]}\n");
    REQUIRE(node.cni("ADD", "one", pod.path()).status == 0);
    pod.run("ping -c 1 -W 1 198.18.0.1");
    node.start();
    REQUIRE(eventually([] { return new_scrape(kPort).at("namegate_rules") == 2; }));
    CHECK(new_scrape(kPort).at("namegate_rules_never_matched") == 1);
}

TEST_CASE("metrics are off by default, and at a Unix socket only for root") {
    {
        DaemonNode node;
        node.start();
        CHECK(run_command("ss -Hltn").text.empty());
    }
    TempDir dir;
    const std::string path = dir.path() + "/metrics.sock";
    MeasuredNode node("unix:" + path);
    node.start();
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0600);
    HttpClient client = HttpClient::at_path(path);
    client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client = finish(std::move(client));
    CHECK(client.status() == 200);
    CHECK(client.has_header("Content-Type: text/plain; version=0.0.4; charset=utf-8"));
    CHECK(run_command("ss -Hltn").text.empty());
    node.stop(SIGKILL);
    node.start();  // replaces the socket of the killed one
    CHECK(::stat(path.c_str(), &status) == 0);
    CHECK(node.stop(SIGTERM) == 0);
    CHECK(::stat(path.c_str(), &status) != 0);
}

TEST_CASE("an address that is not available is reported, tried again, and disturbs nothing") {
    MeasuredNode node("192.0.2.77:9464");
    const TestNetns pod;
    node.write(node.policies() + "/a.yaml", deny_policy("deny"));
    node.start();
    REQUIRE(node.cni("ADD", "one", pod.path()).status == 0);
    CHECK(node.mode_of("one") == "enforced");
    const api::Json before = node.must_ask("status");
    CHECK(before["healthy"] == false);
    CHECK(before["degraded"].dump().find("metricsAddress: binding 192.0.2.77:9464") != std::string::npos);
    CHECK(before["warnings"].dump().find("metricsAddress is 192.0.2.77:9464") != std::string::npos);
    must_run("ip address add 192.0.2.77/32 dev lo");
    CHECK(eventually([&node] { return node.must_ask("status")["healthy"] == true; }));
    must_run("ip address del 192.0.2.77/32 dev lo");
}

TEST_CASE("a scrape of 250 endpoints takes the event loop less than 10 ms") {
    LargeNode node({250, 60, 4, 5});
    set(node.daemon(), "metricsAddress: 127.0.0.1:" + std::to_string(kPort));
    node.start();
    CHECK(scrape(kPort).at("namegate_endpoints{mode=\"enforced\"}") == 250);
    std::vector<double> took;
    std::vector<double> worked;
    for (int i = 0; i < 15; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(600));
        const double before = on_cpu_ms(node.daemon().pid());
        const auto begin = std::chrono::steady_clock::now();
        const Scrape seen = scrape(kPort);
        took.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
        worked.push_back(on_cpu_ms(node.daemon().pid()) - before);
    }
    std::sort(took.begin(), took.end());
    std::sort(worked.begin(), worked.end());
    std::printf("a scrape of 250 endpoints: %.1f ms of processor time (median of %zu), %.1f ms until the response is there\n",
                worked[worked.size() / 2], worked.size(), took[took.size() / 2]);
#ifndef NAMEGATE_SANITIZED
    CHECK(worked[worked.size() / 2] < 10);
#endif
}

}  // namespace namegate::test

// SPDX-License-Identifier: Apache-2.0
// How long DNS queries of a pod waited, and how their responses reached it: in `monitor --dns`, the flow log and the metrics.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "held_kinds.h"
#include "site.h"
#include "support/scrape.h"
#include "support/temp_dir.h"

namespace latency_test {

using namespace namegate;
using namespace namegate::test;

namespace {

using nlohmann::json;

constexpr std::uint16_t kMetricsPort = 9464;
constexpr double kServerMs = 40;  // the DNS server needs this for each response

std::optional<std::vector<WorldReply>> answer_slowly(const WorldQuestion& question) {
    std::this_thread::sleep_for(std::chrono::milliseconds(static_cast<int>(kServerMs)));
    return answer_held(question);
}

std::vector<json> lines_of(const std::string& path) {
    std::ifstream in(path);
    std::vector<json> out;
    for (std::string line; std::getline(in, line);) {
        out.push_back(json::parse(line));
    }
    return out;
}

std::string latencies(const std::string& path) { return "namegate_dns_latency_seconds_count{path=\"" + path + "\"}"; }

}  // namespace

TEST_CASE("the latency of a DNS response and its way to the pod are in the flow log and the metrics, for every kind of response") {
    const TempDir logs;
    const std::string log = logs.path() + "/flows.jsonl";
    Site site("flowLog: {path: " + log + ", events: [dns]}\nmetricsAddress: 127.0.0.1:" + std::to_string(kMetricsPort) + "\n");
    site.world.set_script(answer_slowly);
    site.node.write_policy("policy.yaml", kHeldPolicy);
    site.node.start_daemon();
    const auto pod = site.node.add({"a", "default", {}});
    // Decided by the programs; too many records; fragments; truncated and then over TCP; over TCP in small segments.
    const std::map<char, std::string> paths = {{'x', "kernel"}, {'m', "held"}, {'f', "held"}, {'t', "held"}, {'s', "held"}};
    std::map<char, std::string> names;
    unsigned index = World::take_indexes(64);
    run_inside(pod->netns, [&] {
        for (const auto& entry : paths) {
            names[entry.first] = held_name(entry.first, index++);
            const auto answer = look_up_held({names[entry.first], kTypeA, kServer4}, entry.first);
            INFO("kind " << entry.first);
            CHECK((answer && !answer->addresses.empty()));
        }
    });
    for (const auto& [kind, path] : paths) {
        json line;
        REQUIRE(eventually([&, kind = kind] {
            const std::vector<json> lines = lines_of(log);
            // The last one: kind `t` has a truncated response first.
            const auto found = std::find_if(lines.rbegin(), lines.rend(), [&](const json& one) {
                return one["dns"]["question"]["name"] == names[kind] && one["dns"].contains("resolved_ip") &&
                       !one["dns"]["resolved_ip"].empty();
            });
            line = found == lines.rend() ? json() : *found;
            return !line.is_null();
        }));
        INFO("kind " << kind << ": " << line.dump(1));
        REQUIRE(line["event"].contains("duration"));
        const double ms = line["event"]["duration"].get<double>() / 1e6;
        CHECK(ms >= kServerMs);
        CHECK(ms < 5000);
        CHECK(line["namegate"]["dns"]["path"] == path);
    }
    const Scrape seen = new_scrape(kMetricsPort);
    CHECK(seen.at(latencies("kernel")) >= 1);
    CHECK(seen.at(latencies("held")) >= 4);
    CHECK(seen.at("namegate_dns_latency_seconds_bucket{path=\"held\",le=\"0.025\"}") == 0);
    CHECK(seen.at("namegate_dns_latency_seconds_bucket{path=\"held\",le=\"5\"}") == seen.at(latencies("held")));
    CHECK(seen.at(latencies("unlearned")) == 0);
}

}  // namespace latency_test

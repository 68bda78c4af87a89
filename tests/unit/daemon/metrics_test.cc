// SPDX-License-Identifier: Apache-2.0
// Sums that only grow, series that are limited, and the text of a scrape. tests/netns/daemon/metrics_test.cc has the real daemon's.
#include <catch2/catch.hpp>
#include <string>

#include "daemon/metrics/endpoint_totals.h"
#include "daemon/metrics/exposition.h"
#include "daemon/metrics/timing_histograms.h"

namespace namegate::daemon {
namespace {

using Pod = EndpointTotals::Pod;

datapath::Stats denied(std::uint64_t packets) {
    datapath::Stats stats{};
    stats[NG_R_DENIED] = packets;
    return stats;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("the sums of the programs' counters never become smaller") {
    EndpointTotals totals;
    totals.note(1, Pod("default", "a"), denied(5), true);  // counted while an earlier daemon ran
    CHECK(totals.sums()[NG_R_DENIED] == 0);
    totals.note(1, Pod("default", "a"), denied(7));
    totals.note(2, Pod("default", "b"), denied(10));
    CHECK(totals.sums()[NG_R_DENIED] == 12);
    totals.forget(2);
    CHECK(totals.sums()[NG_R_DENIED] == 12);
    totals.note(1, Pod("default", "a"), denied(1));  // cleared, and one more
    CHECK(totals.sums()[NG_R_DENIED] == 13);
    totals.forget(2);
    totals.forget(99);
    CHECK(totals.denied() == std::map<Pod, std::uint64_t>{{Pod("default", "a"), 3}});
}

TEST_CASE("denied packets are those of policy, for each pod, both of its interfaces together") {
    EndpointTotals totals;
    datapath::Stats stats = denied(1);
    stats[NG_R_CUT] = 10;
    stats[NG_R_RULE_LOOP] = 100;
    stats[NG_R_SPOOFED] = stats[NG_R_CLOSED] = stats[NG_R_MALFORMED] = stats[NG_R_ALLOWED] = 1000;
    totals.note(1, Pod("default", "a"), stats);
    totals.note(2, Pod("default", "a"), denied(2));
    CHECK(totals.denied() == std::map<Pod, std::uint64_t>{{Pod("default", "a"), 113}});
    totals.forget(1);
    CHECK(totals.denied() == std::map<Pod, std::uint64_t>{{Pod("default", "a"), 113}});
    totals.forget(2);
    CHECK(totals.denied().empty());
    CHECK(totals.sums()[NG_R_SPOOFED] == 1000);
}

TEST_CASE("pods above the limit share one series, and a pod keeps its own") {
    EndpointTotals totals(2);
    totals.note(1, Pod("default", "a"), denied(1));
    totals.note(2, Pod("default", "b"), denied(2));
    totals.note(3, Pod("default", "c"), denied(4));
    totals.note(4, Pod("default", "a"), denied(8));  // a second interface of a pod that has a series
    CHECK(totals.denied() == std::map<Pod, std::uint64_t>{{Pod("default", "a"), 9}, {Pod("default", "b"), 2}});
    CHECK(totals.denied_by_others() == 4);
    totals.forget(2);
    totals.note(3, Pod("default", "c"), denied(5));  // stays where it began
    totals.note(5, Pod("default", "d"), denied(16));
    CHECK(totals.denied() == std::map<Pod, std::uint64_t>{{Pod("default", "a"), 9}, {Pod("default", "d"), 16}});
    CHECK(totals.denied_by_others() == 5);
    totals.forget(3);
    CHECK(totals.denied_by_others() == 5);
    CHECK(totals.sums()[NG_R_DENIED] == 32);
}

TEST_CASE("endpoints are counted by their last known mode") {
    EndpointTotals totals;
    totals.note(1, Pod("default", "a"), denied(0));
    totals.note(2, Pod("default", "b"), denied(0));
    totals.note_mode(1, NG_MODE_OPEN);
    totals.note_mode(2, 99);
    totals.note_mode(3, NG_MODE_OPEN);
    CHECK(totals.modes() == EndpointTotals::Modes{1, 0, 1});
}

TEST_CASE("text of pods cannot break a scrape") {
    Exposition out;
    out.counter("x_total", "Help.", 1, {{"pod", "a\"b\\c\nd\xff\x1b"}});
    CHECK(out.text() == "# HELP x_total Help.\n# TYPE x_total counter\nx_total{pod=\"a\\\"b\\\\c\\\\nd\\\\xff\\\\x1b\"} 1\n");
}

TEST_CASE("times go into the histogram of their kind") {
    TimingHistograms timings;
    Exposition before;
    timings.observe(Timing::kHeld, 3'000'000);
    timings.observe(Timing::kProgram, 40'000'000);
    timings.write(before);
    const std::string text = before.text();
    CHECK(contains(text, "\nnamegate_held_response_seconds_sum 0.003\n"));
    CHECK(contains(text, "\nnamegate_held_response_seconds_bucket{le=\"0.0025\"} 0\n"));
    CHECK(contains(text, "\nnamegate_held_response_seconds_bucket{le=\"0.005\"} 1\n"));
    CHECK(contains(text, "\nnamegate_policy_apply_seconds_count 0\n"));
    CHECK(contains(text, "\nnamegate_add_seconds_count{step=\"prepare\"} 0\n"));
    CHECK(contains(text, "\nnamegate_add_seconds_sum{step=\"program\"} 0.04\n"));
    CHECK(contains(text, "\nnamegate_dns_latency_seconds_count{path=\"unlearned\"} 0\n"));
    timings.observe_dns(ResponsePath::kHeld, 20'000'000);
    timings.observe_dns(ResponsePath::kKernel, 300'000);
    timings.observe_dns(ResponsePath::kKernel, 400'000);
    timings.observe_dns(ResponsePath::kUnlearned, 1'000'000'000);
    Exposition after;
    timings.write(after);
    CHECK(contains(after.text(), "\nnamegate_dns_latency_seconds_count{path=\"kernel\"} 2\n"));
    CHECK(contains(after.text(), "\nnamegate_dns_latency_seconds_count{path=\"held\"} 1\n"));
    CHECK(contains(after.text(), "\nnamegate_dns_latency_seconds_bucket{path=\"held\",le=\"0.025\"} 1\n"));
    CHECK(contains(after.text(), "\nnamegate_dns_latency_seconds_bucket{path=\"held\",le=\"0.01\"} 0\n"));
    CHECK(contains(after.text(), "\nnamegate_dns_latency_seconds_count{path=\"unlearned\"} 1\n"));
}

}  // namespace namegate::daemon

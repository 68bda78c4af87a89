// SPDX-License-Identifier: Apache-2.0
//
// The daemon's metrics: what a scrape shows, from the state of the node at that moment. docs/metrics.md lists every family. A scrape
// reads endpoints for a limited time (kScrapeReadNs), and one that follows another within kScrapeIntervalNs gets the same text, so that
// clients cannot hold up the event loop. Owns its sums and histograms; the node and the learner outlive it. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "daemon/dns/learner.h"
#include "daemon/metrics/endpoint_totals.h"
#include "daemon/metrics/exposition.h"
#include "daemon/metrics/rule_use.h"
#include "daemon/metrics/timing_histograms.h"
#include "daemon/node.h"

namespace namegate::daemon {

inline constexpr std::uint64_t kScrapeReadNs = 5'000'000;
inline constexpr std::uint64_t kTickReadNs = 1'000'000;
inline constexpr std::uint64_t kScrapeIntervalNs = 500'000'000;
inline constexpr std::uint64_t kReversePathNs = 30'000'000'000;  // from one look at the interfaces to the next

class Metrics {
  public:
    // Observes the times of the node's work from now on.
    Metrics(Node& node, const Learner& learner);
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;
    Metrics(Metrics&&) = delete;
    Metrics& operator=(Metrics&&) = delete;

    // In the format kExpositionType.
    Result<std::string> scrape();
    // Reads some endpoints, so that little is lost of those that go between two scrapes. Call it every second.
    void tick();
    TimingHistograms& timings() { return timings_; }

  private:
    Result<std::string> make() const;
    void add_daemon(Exposition& out) const;
    void add_endpoints(Exposition& out) const;
    void add_policies(Exposition& out) const;
    void add_problems(Exposition& out) const;
    Result<> add_counters(Exposition& out) const;
    void look_at_interfaces();

    Node& node_;
    const Learner& learner_;
    EndpointTotals endpoints_;
    RuleUse rules_;
    TimingHistograms timings_;
    std::size_t unfiltered_interfaces_ = 0;  // without a strict reverse path filter
    std::uint64_t interfaces_boot_ns_ = 0;   // when that was last counted
    std::string last_;                       // the last scrape; empty: none
    std::uint64_t last_boot_ns_ = 0;
};

}  // namespace namegate::daemon

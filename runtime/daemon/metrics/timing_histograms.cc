// SPDX-License-Identifier: Apache-2.0
#include "daemon/metrics/timing_histograms.h"

#include <array>
#include <string>

namespace namegate::daemon {

namespace {

// Seconds. A pod's resolver waits for a response, ADD for a reply, and people for a policy, so the useful ranges differ.
constexpr std::array kDnsBuckets = {0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0};
constexpr std::array kHeldBuckets = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5};
constexpr std::array kPolicyBuckets = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0};
constexpr std::array kAddBuckets = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0};
constexpr double kNsPerSecond = 1e9;

prometheus::Histogram::BucketBoundaries boundaries(const std::array<double, 14>& of) { return {of.begin(), of.end()}; }

MetricSeries histogram(const char* name, const char* help) { return {name, help, prometheus::MetricType::Histogram}; }

}  // namespace

TimingHistograms::TimingHistograms()
    : held_(boundaries(kHeldBuckets)),
      policies_(boundaries(kPolicyBuckets)),
      prepare_(boundaries(kAddBuckets)),
      program_(boundaries(kAddBuckets)) {
    for (const ResponsePath path : {ResponsePath::kKernel, ResponsePath::kHeld, ResponsePath::kUnlearned}) {
        dns_.try_emplace(path, boundaries(kDnsBuckets));
    }
}

void TimingHistograms::observe(Timing what, std::uint64_t ns) {
    const double seconds = static_cast<double>(ns) / kNsPerSecond;
    switch (what) {
        case Timing::kHeld: held_.Observe(seconds); break;
        case Timing::kPolicies: policies_.Observe(seconds); break;
        case Timing::kPrepare: prepare_.Observe(seconds); break;
        case Timing::kProgram: program_.Observe(seconds); break;
    }
}

void TimingHistograms::observe_dns(ResponsePath path, std::uint64_t ns) { dns_.at(path).Observe(static_cast<double>(ns) / kNsPerSecond); }

void TimingHistograms::write(Exposition& out) const {
    MetricSeries held =
        histogram("namegate_held_response_seconds", "Time for which a part of a DNS response was held before the pod got it.");
    held.add(held_.Collect(), {});
    out.add(std::move(held));
    MetricSeries policies =
        histogram("namegate_policy_apply_seconds", "Time from the start of reading changed policy files until they were in force.");
    policies.add(policies_.Collect(), {});
    out.add(std::move(policies));
    MetricSeries add =
        histogram("namegate_add_seconds", "Time that the daemon took for a step of ADD, failed ones too, with the wait for labels.");
    add.add(prepare_.Collect(), {{"step", "prepare"}});
    add.add(program_.Collect(), {{"step", "program"}});
    out.add(std::move(add));
    MetricSeries dns =
        histogram("namegate_dns_latency_seconds", "Time from a DNS query of a pod to its response, by how the response reached the pod.");
    for (const auto& [path, one] : dns_) {
        dns.add(one.Collect(), {{"path", std::string(name_of(path))}});
    }
    out.add(std::move(dns));
}

}  // namespace namegate::daemon

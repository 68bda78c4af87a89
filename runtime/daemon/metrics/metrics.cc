// SPDX-License-Identifier: Apache-2.0
#include "daemon/metrics/metrics.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "daemon/counters/counters.h"
#include "daemon/listings/degraded.h"
#include "daemon/warnings/reverse_path.h"

namespace namegate::daemon {

namespace {

using prometheus::MetricType;

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::array kModes = {"closed", "enforced", "open"};  // by enum ng_mode

double number(std::uint64_t value) { return static_cast<double>(value); }

// "A new flow was denied by policy (packets)."
std::string sentence(std::string_view help, std::string_view unit) {
    std::string out(help);
    out.front() = static_cast<char>(out.front() >= 'a' && out.front() <= 'z' ? out.front() - 'a' + 'A' : out.front());
    return out + " (" + std::string(unit) + ").";
}

const char* state_of(const policy::FileStatus& file) {
    if (file.loaded) {
        return "loaded";
    }
    switch (file.in_force) {
        case policy::FileStatus::InForce::kCurrent:
        case policy::FileStatus::InForce::kLastGood: return "last_good";
        case policy::FileStatus::InForce::kKept:
        case policy::FileStatus::InForce::kOverridden: return "loaded";
        case policy::FileStatus::InForce::kNone: return "refused";
        case policy::FileStatus::InForce::kUnknown: break;
    }
    return "lost";
}

void add_counted(Exposition& out, const std::string& name, const char* help, const char* label,
                 const std::map<std::string, std::size_t>& counted) {
    MetricSeries series(name, help, MetricType::Gauge);
    for (const auto& [value, count] : counted) {
        series.add(number(count), {{label, value}});
    }
    out.add(std::move(series));
}

}  // namespace

Metrics::Metrics(Node& node, const Learner& learner) : node_(node), learner_(learner) {
    endpoints_.start(node_);
    look_at_interfaces();
    node_.set_timing_observer([this](Timing what, std::uint64_t ns) { timings_.observe(what, ns); });
}

Metrics::~Metrics() { node_.set_timing_observer({}); }

Result<std::string> Metrics::scrape() {
    const std::uint64_t now = node_.clock().boot_ns();
    if (!last_.empty() && now - last_boot_ns_ < kScrapeIntervalNs) {
        return last_;
    }
    endpoints_.read(node_, now + kScrapeReadNs);
    NG_ASSIGN(last_, make());
    last_boot_ns_ = now;
    return last_;
}

void Metrics::tick() {
    const std::uint64_t now = node_.clock().boot_ns();
    endpoints_.read(node_, now + kTickReadNs);
    rules_.read(node_, node_.clock().boot_ns() + kTickReadNs);
    if (now - interfaces_boot_ns_ >= kReversePathNs) {
        look_at_interfaces();
    }
}

void Metrics::look_at_interfaces() {
    interfaces_boot_ns_ = node_.clock().boot_ns();
    std::set<std::string> ours;
    for (const auto& entry : node_.records()) {
        ours.insert(entry.second.host_ifname);
    }
    const auto open =
        interfaces_without_reverse_path_filter(kReversePathSettings, [&ours](const std::string& name) { return ours.count(name) != 0; });
    unfiltered_interfaces_ = open ? open->size() : 0;
}

Result<std::string> Metrics::make() const {
    Exposition out;
    add_daemon(out);
    add_endpoints(out);
    add_policies(out);
    add_problems(out);
    NG_TRY(add_counters(out));
    timings_.write(out);
    return out.text();
}

void Metrics::add_daemon(Exposition& out) const {
    out.gauge("namegate_build_info", "The running daemon; always 1.", 1, {{"version", NAMEGATE_VERSION}});
    const double up = number(node_.clock().boot_ns() - node_.started_boot_ns()) / number(kSecondNs);
    out.gauge("namegate_start_time_seconds", "When the daemon started, in seconds since 1970.",
              static_cast<double>(node_.clock().wall_seconds()) - up);
}

void Metrics::add_endpoints(Exposition& out) const {
    MetricSeries modes("namegate_endpoints", "Endpoints by mode.", MetricType::Gauge);
    const EndpointTotals::Modes counts = endpoints_.modes();
    for (std::size_t mode = 0; mode < counts.size(); ++mode) {
        modes.add(number(counts[mode]), {{"mode", kModes[mode]}});
    }
    out.add(std::move(modes));
    MetricSeries denied("namegate_endpoint_denied_packets_total",
                        "Packets of a pod that policy denied; pods above the limit are counted together.", MetricType::Counter);
    for (const auto& [pod, packets] : endpoints_.denied()) {
        denied.add(number(packets), {{"namespace", pod.first}, {"pod", pod.second}, {"group", "pod"}});
    }
    denied.add(number(endpoints_.denied_by_others()), {{"namespace", ""}, {"pod", ""}, {"group", "other"}});
    out.add(std::move(denied));
}

void Metrics::add_policies(Exposition& out) const {
    std::map<std::string, std::size_t> files = {{"loaded", 0}, {"last_good", 0}, {"refused", 0}, {"lost", 0}};
    for (const policy::FileStatus& file : node_.runtime().policies().files()) {
        ++files[state_of(file)];
    }
    add_counted(out, "namegate_policy_files", "Policy files by what is in force of them.", "state", files);
    out.gauge("namegate_rules", "Rules in force on some endpoint.", number(rules_.numbers().rules));
    out.gauge("namegate_rules_never_matched", "Rules in force on some endpoint that never matched a packet.",
              number(rules_.numbers().never_matched));
    out.gauge("namegate_trusted_dns_servers", "Trusted DNS servers and networks.", number(node_.runtime().trusted_servers().size()));
}

void Metrics::add_problems(Exposition& out) const {
    std::map<std::string, std::size_t> degraded;
    for (const std::string_view kind : kDegradationKinds) {
        degraded[std::string(kind)] = 0;
    }
    for (const Degradation& one : degradations(node_)) {
        ++degraded[std::string(one.kind)];
    }
    add_counted(out, "namegate_degraded", "Reasons why the node is not healthy, by kind.", "kind", degraded);
    const WarningNumbers& warnings = node_.warnings().numbers();
    add_counted(out, "namegate_warnings", "Conditions that namegatectl status warns of, by kind.", "kind",
                {{"untrusted_dns_server", warnings.untrusted_servers},
                 {"pod_labels_unknown", warnings.pods_without_labels},
                 {"policy_selects_nothing", warnings.unselecting_policies},
                 {"domain_never_looked_up", warnings.domains_not_looked_up},
                 {"rule_without_match", warnings.rules_without_match},
                 {"dns_queries_denied", warnings.endpoints_without_dns},
                 {"encrypted_dns", warnings.encrypted_dns},
                 {"dns_server_unusable", node_.runtime().server_warnings().size()},
                 {"interface_without_reverse_path_filter", unfiltered_interfaces_}});
}

// The names follow from the tables of counters, so that a new row is a new metric.
Result<> Metrics::add_counters(Exposition& out) const {
    NG_ASSIGN(const auto own, read_daemon_counters(node_, learner_));
    for (const CounterValue& one : own) {
        const std::string name = "namegate_" + std::string(one.info->name);
        const std::string help = sentence(one.info->help, one.info->unit);
        if (one.info->kind == CounterInfo::Kind::kGauge) {
            out.gauge(name, help, number(one.value));
        } else {
            out.counter(name + "_total", help, number(one.value));
        }
    }
    for (const CounterValue& one : values_of(endpoints_.sums())) {
        out.counter("namegate_program_" + std::string(one.info->name) + "_total", sentence(one.info->help, one.info->unit),
                    number(one.value));
    }
    return ok();
}

}  // namespace namegate::daemon

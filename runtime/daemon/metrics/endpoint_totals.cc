// SPDX-License-Identifier: Apache-2.0
#include "daemon/metrics/endpoint_totals.h"

#include <algorithm>

#include "datapath/endpoint_writer.h"
#include "datapath/reasons.h"

namespace namegate::daemon {

namespace {

// Denied by policy, for whatever reason; other losses, such as spoofed packets, are in the sums.
bool is_denial(std::size_t reason) {
    return reason == NG_R_RULE_LOOP || std::any_of(datapath::kPolicyDenials.begin(), datapath::kPolicyDenials.end(),
                                                   [reason](ng_reason one) { return reason == static_cast<std::size_t>(one); });
}

EndpointTotals::Pod pod_of(const endpoints::Record& record) {
    return record.pod_name.empty() ? EndpointTotals::Pod("", record.container_id)
                                   : EndpointTotals::Pod(record.pod_namespace, record.pod_name);
}

}  // namespace

std::map<EndpointTotals::Pod, EndpointTotals::Series>::iterator EndpointTotals::series_for(const Pod& pod) {
    const auto found = pods_.find(pod);
    if (found == pods_.end() && pods_.size() >= max_pods_) {
        return pods_.end();
    }
    const auto series = found == pods_.end() ? pods_.emplace(pod, Series()).first : found;
    ++series->second.endpoints;
    return series;
}

void EndpointTotals::note(std::uint32_t endpoint, const Pod& pod, const datapath::Stats& stats, bool earlier) {
    auto known = endpoints_.find(endpoint);
    if (known == endpoints_.end()) {
        known = endpoints_.emplace(endpoint, Endpoint{earlier ? stats : datapath::Stats(), NG_MODE_CLOSED, series_for(pod)}).first;
    }
    Endpoint& one = known->second;
    std::uint64_t& denied = one.series == pods_.end() ? denied_by_others_ : one.series->second.denied;
    for (std::size_t reason = 0; reason < stats.size(); ++reason) {
        // Less than before: the counters were cleared.
        const std::uint64_t more = stats[reason] < one.last[reason] ? stats[reason] : stats[reason] - one.last[reason];
        sums_[reason] += more;
        denied += is_denial(reason) ? more : 0;
    }
    one.last = stats;
}

void EndpointTotals::note_mode(std::uint32_t endpoint, std::size_t mode) {
    if (const auto known = endpoints_.find(endpoint); known != endpoints_.end() && mode < Modes().size()) {
        known->second.mode = mode;
    }
}

void EndpointTotals::forget(std::uint32_t endpoint) {
    const auto gone = endpoints_.find(endpoint);
    if (gone == endpoints_.end()) {
        return;
    }
    if (const auto series = gone->second.series; series != pods_.end() && --series->second.endpoints == 0) {
        pods_.erase(series);
    }
    endpoints_.erase(gone);
}

// Endpoints that are not known yet count as closed until they are read.
void EndpointTotals::follow(const RecordMap& records) {
    for (auto next = endpoints_.begin(); next != endpoints_.end();) {
        const std::uint32_t endpoint = (next++)->first;
        if (records.count(endpoint) == 0) {
            forget(endpoint);
        }
    }
    for (const auto& [endpoint, record] : records) {
        if (endpoints_.count(endpoint) == 0) {
            note(endpoint, pod_of(record), {});
        }
    }
}

// An endpoint that is being removed cannot be read; its last counts stay.
void EndpointTotals::read_one(Node& node, const endpoints::Record& record, bool earlier) {
    const auto stats = datapath::read_stats(node.datapath(), record.slot);
    if (!stats) {
        return;
    }
    note(record.id, pod_of(record), *stats, earlier);
    const auto active = datapath::active_config(node.datapath(), record.slot);
    const bool is_its_own = active && *active && (*active)->endpoint == record.id;
    note_mode(record.id, is_its_own ? (*active)->mode : std::size_t{NG_MODE_CLOSED});
}

void EndpointTotals::start(Node& node) {
    for (const auto& entry : node.records()) {
        read_one(node, entry.second, true);
    }
}

void EndpointTotals::read(Node& node, std::uint64_t until_boot_ns) {
    const RecordMap& records = node.records();
    follow(records);
    auto next = records.upper_bound(last_);
    for (std::size_t done = 0; done < records.size(); ++done) {
        if (next == records.end()) {
            next = records.begin();
        }
        last_ = next->first;
        read_one(node, next->second, false);
        ++next;
        if (node.clock().boot_ns() >= until_boot_ns) {
            break;
        }
    }
}

EndpointTotals::Modes EndpointTotals::modes() const {
    Modes out{};
    for (const auto& entry : endpoints_) {
        ++out[entry.second.mode];
    }
    return out;
}

std::map<EndpointTotals::Pod, std::uint64_t> EndpointTotals::denied() const {
    std::map<Pod, std::uint64_t> out;
    for (const auto& [pod, series] : pods_) {
        out.emplace(pod, series.denied);
    }
    return out;
}

}  // namespace namegate::daemon

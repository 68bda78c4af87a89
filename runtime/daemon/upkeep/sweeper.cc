// SPDX-License-Identifier: Apache-2.0
#include "daemon/upkeep/sweeper.h"

#include <algorithm>

#include "datapath/clock.h"
#include "datapath/learnt.h"
#include "datapath/slots.h"

namespace namegate::daemon {

namespace {

constexpr std::size_t kEndpointsPerSweep = 16;
constexpr std::size_t kEarlyPart = 8;  // 1/8 of the limit of addresses: an endpoint that learned more since its last sweep is swept early
constexpr std::uint64_t kGraceSeconds = 60;  // the tools can show an expired address for this time

}  // namespace

// Endpoints that learned many addresses are swept with each call. On a node with many endpoints, their maps could otherwise fill up
// with expired addresses before their turn.
std::set<std::uint32_t> Sweeper::due(const node::NodeRuntime& runtime) {
    const node::RecordMap& records = runtime.records();
    std::set<std::uint32_t> out;
    for (const auto& [endpoint, learnt] : learnt_) {
        if (out.size() < kEndpointsPerSweep && learnt >= runtime.config().learnt_per_endpoint / kEarlyPart &&
            records.count(endpoint) != 0) {
            out.insert(endpoint);
        }
    }
    auto next = records.lower_bound(next_);
    for (std::size_t i = std::min(kEndpointsPerSweep, records.size()); i > 0; --i) {
        next = next == records.end() ? records.begin() : next;
        out.insert(next++->first);
    }
    next_ = next == records.end() ? 0 : next->first;
    return out;
}

Result<> Sweeper::sweep_one(node::NodeRuntime& runtime, const endpoints::Record& record) {
    learnt_.erase(record.id);
    const auto active = datapath::active_config(runtime.datapath(), record.slot);
    // The slot may already belong to another endpoint if the DEL was not reported to the daemon.
    if (!active || !*active || (*active)->endpoint != record.id) {
        return ok();
    }
    const std::uint32_t now = datapath::tick_of(clock_.boot_ns());
    const auto never = [&runtime](const IpAddress& address) { return runtime.config().never_opens.refuses(address) != nullptr; };
    const auto swept = datapath::sweep_learnt(runtime.datapath(), record.slot, now, datapath::ticks_in(kGraceSeconds), never);
    return swept ? ok() : Result<>(swept.error());
}

Result<> Sweeper::sweep(const node::NodeLock& /*lock*/, node::NodeRuntime& runtime) {
    Result<> result = ok();
    for (const std::uint32_t endpoint : due(runtime)) {
        if (const auto swept = sweep_one(runtime, runtime.records().at(endpoint)); !swept) {
            result = swept;
        }
    }
    return result;
}

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/upkeep/sweeper.h"

#include <algorithm>

#include "datapath/clock.h"
#include "datapath/learnt.h"
#include "datapath/slots.h"

namespace namegate::daemon {

namespace {

constexpr std::size_t kEndpointsPerSweep = 16;
constexpr std::uint64_t kSweepNs = 10'000'000;  // for these, and again for those that learned many addresses; the last one may exceed it
constexpr std::size_t kEarlyPart = 8;  // 1/8 of the limit of addresses: an endpoint that learned more since its last sweep is swept early
constexpr std::uint64_t kGraceSeconds = 60;  // the tools can show an expired address for this time

}  // namespace

// In the order of their ids, first those from next_busy_ on.
std::vector<std::uint32_t> Sweeper::busy(const node::NodeRuntime& runtime) const {
    std::vector<std::uint32_t> out;
    for (const auto& [endpoint, learnt] : learnt_) {
        if (learnt >= runtime.config().learnt_per_endpoint / kEarlyPart && runtime.records().count(endpoint) != 0) {
            out.push_back(endpoint);
        }
    }
    std::rotate(out.begin(), std::lower_bound(out.begin(), out.end(), next_busy_), out.end());
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
    if (!swept) {
        return swept.error();
    }
    if (swept->cut) {
        learnt_[record.id] = runtime.config().learnt_per_endpoint;
    }
    return ok();
}

Result<> Sweeper::sweep(const node::NodeLock& /*lock*/, node::NodeRuntime& runtime) {
    Result<> result = ok();
    const auto note = [&result](const Result<>& swept) { result = swept ? result : swept; };
    const node::RecordMap& records = runtime.records();
    const std::uint64_t start = clock_.boot_ns();
    for (std::size_t i = std::min(kEndpointsPerSweep, records.size()); i > 0 && clock_.boot_ns() < start + kSweepNs; --i) {
        auto next = records.lower_bound(next_);
        next = next == records.end() ? records.begin() : next;
        next_ = next->first + 1;
        note(sweep_one(runtime, next->second));
    }
    const std::uint64_t start_of_busy = clock_.boot_ns();
    for (const std::uint32_t endpoint : busy(runtime)) {
        if (clock_.boot_ns() >= start_of_busy + kSweepNs) {
            break;
        }
        next_busy_ = endpoint + 1;
        note(sweep_one(runtime, records.at(endpoint)));
    }
    return result;
}

}  // namespace namegate::daemon

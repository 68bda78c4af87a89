// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/address_feed.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/log.h"
#include "daemon/events/enrich.h"
#include "datapath/clock.h"
#include "datapath/endpoint_writer.h"
#include "datapath/pattern_id.h"
#include "datapath/reader.h"

namespace namegate::daemon {

namespace {

constexpr const char* kSubject = "events of addresses";

}  // namespace

void AddressFeed::tick() {
    if (!pipeline_.wants_addresses()) {
        known_.clear();
        addresses_ = 0;
        node_.health().report(kSubject, ok());
        return;
    }
    const RecordMap& records = node_.records();
    std::erase_if(known_, [&](const auto& one) {
        const bool gone = records.count(one.first) == 0;
        addresses_ -= gone ? one.second.size() : 0;
        return gone;
    });
    const std::uint64_t end = node_.clock().boot_ns() + kAddressLookNs;
    Result<> result = ok();
    for (std::size_t left = records.size(); left > 0 && node_.clock().boot_ns() < end; --left) {
        auto next = records.lower_bound(next_);
        next = next == records.end() ? records.begin() : next;
        next_ = next->first + 1;
        const auto looked = look_at(next->second);
        result = looked ? result : looked;
    }
    node_.health().report(kSubject, result);
}

Result<> AddressFeed::look_at(const endpoints::Record& record) {
    // The slot may already belong to another endpoint if the DEL was not reported to the daemon.
    NG_ASSIGN(const auto active, datapath::active_config(node_.datapath(), record.slot));
    if (!active || active->endpoint != record.id) {
        return ok();
    }
    NG_ASSIGN(const auto learnt, datapath::read_learnt(node_.datapath(), record.slot));
    const std::uint32_t tick = datapath::tick_of(node_.clock().boot_ns());
    // A pattern that is no longer in the policy opens nothing, although its addresses stay in the map for a while.
    std::set<std::uint64_t> patterns;
    if (const node::Programmed* state = node_.programmer().find(record.id); state != nullptr && state->egress) {
        for (const policy::PatternEntry& entry : state->egress->patterns) {
            patterns.insert(datapath::pattern_id(node_.datapath().seed(), entry.pattern));
        }
    }
    Open now;
    for (const datapath::LearntEntry& entry : learnt) {
        for (std::size_t i = 0; i < entry.value.count && i < NG_LEARNT_PATTERNS; ++i) {
            const std::uint32_t expiry = entry.value.expiry[i];
            if (datapath::tick_after(expiry, tick) && patterns.count(entry.value.pattern[i]) != 0) {
                std::uint32_t& latest = now.try_emplace(entry.address, expiry).first->second;
                latest = datapath::tick_after(expiry, latest) ? expiry : latest;
            }
        }
    }
    const auto known = known_.find(record.id);
    if (known != known_.end()) {
        compare(record, known->second, now);
        addresses_ -= known->second.size();
        known_.erase(known);
    }
    if (addresses_ + now.size() > limit_) {
        log::debug("too many open addresses: an endpoint makes no events of them", {log::kv("endpoint", endpoints::display_name(record))});
        return ok();
    }
    addresses_ += now.size();
    known_.emplace(record.id, std::move(now));
    return ok();
}

void AddressFeed::compare(const endpoints::Record& record, const Open& before, const Open& now) {
    for (const auto& [address, expiry] : before) {
        if (now.count(address) == 0) {
            report(EventKind::kAddressExpired, record, address, expiry);
        }
    }
    for (const auto& [address, expiry] : now) {
        if (before.count(address) == 0) {
            report(EventKind::kAddressOpened, record, address, expiry);
        }
    }
}

void AddressFeed::report(EventKind kind, const endpoints::Record& record, const IpAddress& address, std::uint32_t expiry) {
    const std::uint64_t now = node_.clock().boot_ns();
    const std::int64_t left_ms = datapath::ticks_to_ms(datapath::ticks_between(datapath::tick_of(now), expiry));
    const std::uint64_t end = now + static_cast<std::uint64_t>(left_ms * 1'000'000);  // may be past
    pipeline_.report(enrich(node_, record, {kind, address, kind == EventKind::kAddressExpired ? std::min(end, now) : now, end}));
}

}  // namespace namegate::daemon

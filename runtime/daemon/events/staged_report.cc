// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/staged_report.h"

#include <algorithm>
#include <utility>

namespace namegate::daemon {

void StagedReport::restart(std::string time) {
    *this = StagedReport();
    since_ = std::move(time);
}

void StagedReport::note(const Event& event, const StagedVerdict& verdict) {
    if (!verdict.error.empty()) {
        ++unjudged_;
        return;
    }
    ++judged_;
    if (verdict.allowed != is_denial(event.kind)) {
        return;  // as the policies in force
    }
    const EventPacket& packet = *event.packet();
    const Key key{verdict.allowed,           packet.ingress,
                  packet.protocol,           packet.names.empty() ? packet.remote.to_string() : packet.names.back(),
                  packet.destination_port(), policy::short_name(verdict.origin)};
    auto& own = endpoints_[event.endpoint->id];
    auto entry = own.find(key);
    if (entry == own.end()) {
        if (own.size() >= kStagedEntriesPerEndpoint || size_ >= kStagedEntries) {
            ++unlisted_;
            return;
        }
        entry = own.emplace(key, StagedEntry{verdict.allowed, *event.endpoint, packet, verdict.origin, 0, event.time, {}}).first;
        ++size_;
    }
    ++entry->second.count;
    entry->second.packet = packet;
    entry->second.last_time = event.time;
}

void StagedReport::forget(std::uint32_t endpoint) {
    if (const auto own = endpoints_.find(endpoint); own != endpoints_.end()) {
        size_ -= own->second.size();
        endpoints_.erase(own);
    }
}

std::vector<StagedEntry> StagedReport::entries() const {
    std::vector<StagedEntry> out;
    for (const auto& [endpoint, own] : endpoints_) {
        const auto begin = static_cast<std::ptrdiff_t>(out.size());
        for (const auto& entry : own) {
            out.push_back(entry.second);
        }
        std::stable_sort(out.begin() + begin, out.end(), [](const auto& one, const auto& other) { return one.count > other.count; });
    }
    return out;
}

}  // namespace namegate::daemon

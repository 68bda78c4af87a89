// SPDX-License-Identifier: Apache-2.0
#include "daemon/dns/fragments.h"

#include <algorithm>
#include <iterator>

namespace namegate::daemon {

// Creates the datagram if necessary; this may drop the endpoint's oldest one.
Fragments::Datagrams::iterator Fragments::find(const Key& key) {
    const std::uint64_t now = clock_.boot_ns();
    auto known = datagrams_.find(key);
    if (known != datagrams_.end() && now - known->second.since_ns > kFragmentTimeoutNs) {
        datagrams_.erase(known);
        known = datagrams_.end();
    }
    if (known != datagrams_.end()) {
        return known;
    }
    Key first;
    first.endpoint = key.endpoint;
    std::size_t own = 0;
    auto oldest = datagrams_.end();
    for (auto it = datagrams_.lower_bound(first); it != datagrams_.end() && it->first.endpoint == key.endpoint; ++it) {
        ++own;
        if (oldest == datagrams_.end() || it->second.since_ns < oldest->second.since_ns) {
            oldest = it;
        }
    }
    if (own >= kMaxDatagramsPerEndpoint) {
        datagrams_.erase(oldest);
    }
    Datagram fresh;
    fresh.since_ns = now;
    return datagrams_.emplace(key, std::move(fresh)).first;
}

void Fragments::put(Datagram& datagram, const Frame& frame) {
    const std::size_t from = frame.fragment_offset;
    const std::size_t end = from + frame.segment.size();
    const auto same = datagram.pieces.find(from);
    if (same != datagram.pieces.end() && same->second.size() == frame.segment.size()) {
        return;
    }
    const auto behind = datagram.pieces.lower_bound(from);
    const bool overlaps_next = behind != datagram.pieces.end() && behind->first < end;
    const bool overlaps_previous = behind != datagram.pieces.begin() && std::prev(behind)->first + std::prev(behind)->second.size() > from;
    const bool wrong_end =
        frame.more ? datagram.total && end > *datagram.total
                   : datagram.total.value_or(end) != end || (!datagram.pieces.empty() && datagram.pieces.rbegin()->first >= end);
    const bool wrong_length = frame.more && frame.segment.size() % 8 != 0;
    if (overlaps_next || overlaps_previous || wrong_end || wrong_length || frame.segment.empty() || end > kMaxDatagramBytes ||
        datagram.pieces.size() >= kMaxFragments) {
        datagram.invalid = true;
        datagram.pieces.clear();
        return;
    }
    if (!frame.more) {
        datagram.total = end;
    }
    datagram.pieces.emplace(from, std::vector<std::uint8_t>(frame.segment.begin(), frame.segment.end()));
    datagram.bytes += frame.segment.size();
}

std::optional<WholeDatagram> Fragments::add(std::uint32_t endpoint, const Frame& frame, std::uint64_t asked_boot_ns) {
    const auto found = find({endpoint, frame.source, frame.destination, frame.fragment_id, frame.protocol});
    Datagram& datagram = found->second;
    if (asked_boot_ns != 0) {
        datagram.asked_boot_ns = asked_boot_ns;
    }
    if (!datagram.invalid) {
        put(datagram, frame);
    }
    // Fragments do not overlap, so the datagram is complete when the byte count matches.
    if (datagram.invalid || !datagram.total || datagram.bytes != *datagram.total) {
        return std::nullopt;
    }
    WholeDatagram whole;
    whole.asked_boot_ns = datagram.asked_boot_ns;
    whole.bytes.reserve(datagram.bytes);
    for (const auto& piece : datagram.pieces) {
        whole.bytes.insert(whole.bytes.end(), piece.second.begin(), piece.second.end());
    }
    datagrams_.erase(found);
    return whole;
}

void Fragments::forget(std::uint32_t endpoint) {
    Key first;
    first.endpoint = endpoint;
    auto it = datagrams_.lower_bound(first);
    while (it != datagrams_.end() && it->first.endpoint == endpoint) {
        it = datagrams_.erase(it);
    }
}

void Fragments::expire(const std::function<bool(std::uint32_t)>& is_there) {
    const std::uint64_t now = clock_.boot_ns();
    for (auto it = datagrams_.begin(); it != datagrams_.end();) {
        const bool over = now - it->second.since_ns > kFragmentTimeoutNs || !is_there(it->first.endpoint);
        it = over ? datagrams_.erase(it) : std::next(it);
    }
}

}  // namespace namegate::daemon

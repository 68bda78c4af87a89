// SPDX-License-Identifier: Apache-2.0
#include "datapath/learnt.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "datapath/address.h"
#include "datapath/clock.h"
#include "datapath/map.h"
#include "datapath/reader.h"

namespace namegate::datapath {

namespace {

// With more than 1/kRoomyPart of the map in use, expired entries get no grace: names that rotate through many addresses
// would fill the map with useless entries.
constexpr std::size_t kRoomyPart = 4;

constexpr int kMergeTries = 8;  // the kernel may write the same address between the lookup and the update

void stamp(ng_learnt& entry, const LearntFill& fill, std::uint32_t now_tick) {
    entry.server = to_ng_addr(fill.server);
    entry.be_server_port = htons(fill.server_port);
    entry.updated = now_tick;
}

enum class Merge { kChanged, kAsIs, kFull };

Merge merge(ng_learnt& entry, const LearntFill& fill, std::uint32_t now_tick) {
    const std::size_t count = std::min<std::size_t>(entry.count, NG_LEARNT_PATTERNS);
    std::optional<std::size_t> expired;
    for (std::size_t i = 0; i < count; ++i) {
        if (entry.pattern[i] == fill.pattern) {
            if (!tick_after(fill.expiry, entry.expiry[i])) {
                return Merge::kAsIs;
            }
            entry.expiry[i] = fill.expiry;
            stamp(entry, fill, now_tick);
            return Merge::kChanged;
        }
        if (!expired && !tick_after(entry.expiry[i], now_tick)) {
            expired = i;
        }
    }
    std::size_t at = count;
    if (count == NG_LEARNT_PATTERNS) {
        if (!expired) {
            return Merge::kFull;
        }
        at = *expired;
    } else {
        entry.count = static_cast<__u8>(count + 1);
    }
    entry.pattern[at] = fill.pattern;
    entry.expiry[at] = fill.expiry;
    stamp(entry, fill, now_tick);
    return Merge::kChanged;
}

Result<> full(const LearntFill& fill, std::string_view limit) {
    return Error(Code::kExhausted, fill.address.to_string() + " cannot be learned: " + std::string(limit));
}

bool is_over(const ng_learnt& entry, std::uint32_t now_tick, std::uint32_t grace_ticks) {
    const std::size_t count = std::min<std::size_t>(entry.count, NG_LEARNT_PATTERNS);
    for (std::size_t i = 0; i < count; ++i) {
        if (ticks_between(entry.expiry[i], now_tick) <= static_cast<std::int32_t>(grace_ticks)) {
            return false;
        }
    }
    return true;
}

Result<std::set<IpAddress>> remotes_of_live_flows(Datapath& datapath, std::uint32_t slot) {
    NG_ASSIGN(const auto flows, read_flows(datapath, slot));
    NG_ASSIGN(const ng_clock now, read_clock(datapath));
    std::set<IpAddress> remotes;
    for (const auto& flow : flows) {
        if (flow_is_live(flow, now.jiffies, datapath.hz())) {
            remotes.insert(flow.remote);
        }
    }
    return remotes;
}

// A removed entry that turns out not to be over was renewed by a response after the listing: it is put back, merged with
// a newer entry if there is one.
Result<> put_back(int inner, const ng_addr& key, const ng_learnt& value, std::uint32_t now_tick) {
    auto written = map_update(inner, key, value, Write::kOnlyNew);
    if (written || written.error().code() != Code::kExists) {
        return written;
    }
    NG_ASSIGN(auto there, map_lookup<ng_learnt>(inner, key));
    if (!there) {
        return map_update(inner, key, value);
    }
    for (std::size_t i = 0; i < std::min<std::size_t>(value.count, NG_LEARNT_PATTERNS); ++i) {
        LearntFill fill;
        fill.pattern = value.pattern[i];
        fill.expiry = value.expiry[i];
        fill.server = to_address(there->server);
        fill.server_port = ntohs(there->be_server_port);
        static_cast<void>(merge(*there, fill, now_tick));  // if the entry is full, the newer patterns stay
    }
    return map_update(inner, key, *there);
}

// Returns true when the entry is removed.
Result<bool> remove_if_over(int inner, const ng_addr& key, std::uint32_t now_tick, std::uint32_t grace_ticks) {
    NG_ASSIGN(const auto taken, map_take<ng_learnt>(inner, key));
    if (!taken || is_over(*taken, now_tick, grace_ticks)) {
        return true;
    }
    NG_TRY(put_back(inner, key, *taken, now_tick));
    return false;
}

}  // namespace

Result<LearntWriter> LearntWriter::open(Datapath& datapath, std::uint32_t slot) {
    NG_ASSIGN(Fd inner, datapath.inner_map(MapId::kLearnt, slot));
    return LearntWriter(std::move(inner));
}

Result<> LearntWriter::insert(const LearntFill& fill, std::uint32_t now_tick) {
    const ng_addr key = to_ng_addr(fill.address);
    // Most addresses are new, so the first attempt does not look.
    std::optional<ng_learnt> there;
    if (full_) {
        NG_ASSIGN(there, map_lookup<ng_learnt>(inner_.get(), key));
        if (!there) {
            return Error(Code::kExhausted, "the map is full");
        }
    }
    for (int attempt = 0; attempt < kMergeTries; ++attempt) {
        ng_learnt entry = there.value_or(ng_learnt{});
        const Merge merged = merge(entry, fill, now_tick);
        if (merged == Merge::kAsIs) {
            return ok();
        }
        if (merged == Merge::kFull) {
            return full(fill, "the limit of patterns that open it is reached");
        }
        const auto written = map_update(inner_.get(), key, entry, there ? Write::kOnlyExisting : Write::kOnlyNew);
        if (!written && written.error().code() == Code::kExhausted) {
            full_ = true;
            return full(fill, "the endpoint's limit of learned addresses is reached");
        }
        if (!written && written.error().code() != Code::kExists && written.error().code() != Code::kNotFound) {
            return written.error();
        }
        // Looks at what is there now: a written entry may have been replaced by the kernel meanwhile.
        NG_ASSIGN(there, map_lookup<ng_learnt>(inner_.get(), key));
    }
    return Error(Code::kTryAgain, fill.address.to_string() + " is being written by the kernel at this moment");
}

Result<SweepResult> sweep_learnt(Datapath& datapath, std::uint32_t slot, std::uint32_t now_tick, std::uint32_t grace_ticks,
                                 const std::function<bool(const IpAddress&)>& refuses) {
    NG_ASSIGN(const Fd inner, datapath.inner_map(MapId::kLearnt, slot));
    NG_ASSIGN(const auto entries, (map_entries<ng_addr, ng_learnt>(inner.get())));
    NG_ASSIGN(const std::size_t capacity, raw::capacity(inner.get()));
    if (entries.size() > capacity / kRoomyPart) {
        grace_ticks = 0;
    }
    SweepResult result;
    std::vector<ng_addr> over;
    std::vector<ng_addr> refused;
    for (const auto& entry : entries) {
        if (refuses && refuses(to_address(entry.first))) {
            refused.push_back(entry.first);
        } else if (is_over(entry.second, now_tick, grace_ticks)) {
            over.push_back(entry.first);
        }
    }
    NG_TRY(map_erase_many(inner.get(), refused));
    result.removed = refused.size();
    result.left = entries.size() - refused.size() - over.size();
    if (over.empty()) {
        return result;
    }
    NG_ASSIGN(const auto live, remotes_of_live_flows(datapath, slot));
    for (std::size_t tried = 0; const auto& key : over) {
        if (live.count(to_address(key)) != 0) {
            ++result.kept_by_flow;
            ++result.left;
            continue;
        }
        if (tried++ >= kMaxSwept) {
            result.cut = true;
            ++result.left;
            continue;
        }
        NG_ASSIGN(const bool gone, remove_if_over(inner.get(), key, now_tick, grace_ticks));
        ++(gone ? result.removed : result.left);
    }
    return result;
}

}  // namespace namegate::datapath

// SPDX-License-Identifier: Apache-2.0
#include "datapath/policy_collection.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "datapath/endpoint_writer.h"
#include "datapath/map.h"
#include "datapath/pattern_id.h"
#include "datapath/policy_catalogue.h"
#include "datapath/program_wait.h"

namespace namegate::datapath {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMarkAtOnce = 256;      // policies per hold of the lock
constexpr std::size_t kEraseAtOnce = 1024;    // names per hold of the lock
constexpr std::size_t kLookupsAtOnce = 2048;  // pattern lookups per hold of the lock
constexpr std::uint32_t kFewNew = 8;          // new policies since the scan; with more, another scan is quicker
constexpr int kMaxScans = 8;                  // scans of all patterns
constexpr auto kBetweenHolds = std::chrono::milliseconds(kMaxLockPollMs + 1);  // a waiting process gets the lock in each pause
constexpr std::array<std::uint64_t, 3> kKinds = {NG_PATTERN_EXACT, NG_PATTERN_WILD, NG_PATTERN_MID};

// Erases every entry of an LPM trie or hash that belongs to one of the policies. A walk of a trie may miss an entry while
// another process writes to it, so it repeats until a walk finds none.
template <typename K, typename V>
Result<> erase_of(Datapath& datapath, MapId map, const std::set<PolicyId>& ids) {
    NG_ASSIGN(const int fd, datapath.map(map));
    std::vector<K> keys;
    do {
        keys.clear();
        NG_TRY((map_for_each<K, V>(fd, [&](const K& key, const V&) {
            if (ids.count(key.policy) != 0) {
                keys.push_back(key);
            }
        })));
        NG_TRY(map_erase_many(fd, keys).with_context(map_name(map)));
    } while (!keys.empty());
    return ok();
}

void sort_unique(std::vector<std::uint64_t>& numbers) {
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
}

class Collection {
  public:
    Collection(Datapath& datapath, TakeLock take_lock) : datapath_(datapath), take_lock_(std::move(take_lock)) {}

    Result<Collected> run(const std::set<PolicyId>& in_use) {
        NG_TRY(mark_unused(in_use));
        if (!marked_.empty()) {
            NG_TRY(wait_for_programs());
            NG_TRY(erase_entries());
            NG_TRY(free_room());
            NG_TRY(erase_names());
            NG_TRY(erase_last_entry());
        }
        return done_;
    }

  private:
    template <typename Work>
    Result<> with_lock(const Work& work);
    Result<> mark_unused(const std::set<PolicyId>& in_use);
    Result<> mark(std::span<const PolicyId> ids);
    Result<> erase_entries();
    Result<> erase_names();
    Result<std::vector<std::uint64_t>> find_unused_names();
    Result<> erase_some(std::vector<std::uint64_t>& unused);
    Result<bool> is_needed_since(std::uint64_t name, std::uint32_t end);
    Result<> free_room();
    Result<> erase_last_entry();

    Datapath& datapath_;
    TakeLock take_lock_;  // empty: the caller holds the lock
    std::set<PolicyId> marked_;
    bool cidrs_ = false;  // some of them have CIDRs
    bool patterns_ = false;
    std::uint32_t next_ = 0;  // policies from this id on are newer than the scan of the patterns
    bool outpaced_ = false;   // too many policies are newer
    Collected done_;
};

template <typename Work>
Result<> Collection::with_lock(const Work& work) {
    if (!take_lock_) {
        return work();
    }
    {
        NG_ASSIGN(const FileLock lock, take_lock_());
        const auto begin = Clock::now();
        NG_TRY(work());
        done_.longest_hold = std::max(done_.longest_hold, std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin));
    }
    std::this_thread::sleep_for(kBetweenHolds);
    return ok();
}

// The lock is not held, so the policies only seem unused: mark() checks each of them again.
Result<> Collection::mark_unused(const std::set<PolicyId>& in_use) {
    NG_ASSIGN(const Catalogue catalogue, read_catalogue(datapath_));
    NG_ASSIGN(const auto of_endpoints, policies_in_use(datapath_));
    std::vector<PolicyId> ids;
    for (const auto& entry : catalogue) {
        if (in_use.count(entry.first) == 0 && of_endpoints.count(entry.first) == 0) {
            ids.push_back(entry.first);
        }
    }
    for (std::size_t i = 0; i < ids.size(); i += kMarkAtOnce) {
        NG_TRY(with_lock([&] { return mark(std::span(ids).subspan(i, std::min(kMarkAtOnce, ids.size() - i))); }));
    }
    return ok();
}

// Lock held, so an incomplete policy has no writer any more.
Result<> Collection::mark(std::span<const PolicyId> ids) {
    NG_ASSIGN(const int fd, datapath_.map(MapId::kPolicies));
    NG_ASSIGN(const auto of_endpoints, policies_in_use(datapath_));
    for (const PolicyId id : ids) {
        NG_ASSIGN(auto entry, map_lookup<ng_policy>(fd, id));
        if (!entry || of_endpoints.count(id) != 0) {
            continue;
        }
        if (is_complete(*entry)) {
            entry->content[0] = entry->content[1] = 0;
            NG_TRY(map_update(fd, id, *entry));
        }
        marked_.insert(id);
        cidrs_ = cidrs_ || entry->n_cidrs != 0;
        patterns_ = patterns_ || entry->n_patterns != 0;
    }
    return ok();
}

Result<> Collection::erase_entries() {
    if (cidrs_) {
        NG_TRY((erase_of<ng_cidr4_key, ng_cidr_value>(datapath_, MapId::kCidr4, marked_)));
        NG_TRY((erase_of<ng_cidr6_key, ng_cidr_value>(datapath_, MapId::kCidr6, marked_)));
    }
    NG_TRY((erase_of<ng_port_key, std::uint32_t>(datapath_, MapId::kPorts, marked_)));
    return patterns_ ? erase_of<ng_pattern_key, ng_pattern_value>(datapath_, MapId::kPatterns, marked_) : ok();
}

// Returns the names that no pattern of a policy with an id below next_ uses.
Result<std::vector<std::uint64_t>> Collection::find_unused_names() {
    NG_ASSIGN(const int patterns, datapath_.map(MapId::kPatterns));
    std::vector<std::uint64_t> needed;
    NG_TRY((map_for_each<ng_pattern_key, ng_pattern_value>(
        patterns, [&](const ng_pattern_key& key, const ng_pattern_value&) { needed.push_back(pattern_hash(key.id)); })));
    sort_unique(needed);
    NG_ASSIGN(const int suffixes, datapath_.map(MapId::kSuffixes));
    std::vector<std::uint64_t> unused;
    NG_TRY((map_for_each<std::uint64_t, ng_suffix>(suffixes, [&](std::uint64_t name, const ng_suffix&) {
        if (!std::binary_search(needed.begin(), needed.end(), name)) {
            unused.push_back(name);
        }
    })));
    return unused;
}

Result<bool> Collection::is_needed_since(std::uint64_t name, std::uint32_t end) {
    NG_ASSIGN(const int patterns, datapath_.map(MapId::kPatterns));
    for (std::uint32_t policy = next_; policy != end; ++policy) {
        for (const std::uint64_t kind : kKinds) {
            NG_ASSIGN(const auto found, map_lookup<ng_pattern_value>(patterns, ng_pattern_key{name | kind, policy, 0}));
            if (found) {
                return true;
            }
        }
    }
    return false;
}

// Lock held. Removes the names that it handled from the list. Stops when so many policies are new that the list is
// useless.
Result<> Collection::erase_some(std::vector<std::uint64_t>& unused) {
    NG_ASSIGN(const std::uint32_t end, datapath_.upcoming_policy_id());
    const std::uint32_t fresh = end - next_;
    outpaced_ = fresh > kFewNew;
    if (outpaced_) {
        return ok();
    }
    const std::size_t most = fresh == 0 ? kEraseAtOnce : kLookupsAtOnce / (fresh * kKinds.size());
    std::vector<std::uint64_t> gone;
    for (std::size_t i = 0; i < most && !unused.empty(); ++i) {
        NG_ASSIGN(const bool needed, is_needed_since(unused.back(), end));
        if (!needed) {
            gone.push_back(unused.back());
        }
        unused.pop_back();
    }
    done_.names += gone.size();
    NG_ASSIGN(const int suffixes, datapath_.map(MapId::kSuffixes));
    return map_erase_many(suffixes, gone).with_context(map_name(MapId::kSuffixes));
}

Result<> Collection::erase_names() {
    for (int scan = 0; scan < kMaxScans; ++scan) {
        NG_TRY(with_lock([&]() -> Result<> {
            NG_ASSIGN(next_, datapath_.upcoming_policy_id());
            return ok();
        }));
        NG_ASSIGN(std::vector<std::uint64_t> unused, find_unused_names());
        outpaced_ = false;
        while (!unused.empty() && !outpaced_) {
            NG_TRY(with_lock([&] { return erase_some(unused); }));
        }
        if (!outpaced_) {
            return ok();
        }
    }
    return Error(Code::kTryAgain, "policies are installed too quickly to find unused names");
}

// Frees the catalogue entries. A PolicyWriter that is open sees the free space when it is opened again. One entry stays
// as a mark that unused names are still to be erased.
Result<> Collection::free_room() {
    NG_ASSIGN(const int fd, datapath_.map(MapId::kPolicies));
    done_.policies = marked_.size();
    return map_erase_many(fd, std::vector<std::uint32_t>(std::next(marked_.begin()), marked_.end()));
}

Result<> Collection::erase_last_entry() {
    NG_ASSIGN(const int fd, datapath_.map(MapId::kPolicies));
    NG_TRY(map_erase(fd, *marked_.begin()));
    return ok();
}

}  // namespace

Result<Collected> collect_unused_policies(Datapath& datapath, const TakeLock& take_lock) { return Collection(datapath, take_lock).run({}); }

Result<Collected> collect_with_lock_held(Datapath& datapath, const std::set<PolicyId>& in_use) {
    return Collection(datapath, {}).run(in_use);
}

}  // namespace namegate::datapath

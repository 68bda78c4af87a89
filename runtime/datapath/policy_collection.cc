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

constexpr std::size_t kDoomAtOnce = 256;                      // policies, with the lock held
constexpr std::size_t kEraseAtOnce = 1024;                    // names, likewise
constexpr std::size_t kAskAtOnce = 2048;                      // patterns that are looked for, likewise
constexpr std::uint32_t kFewNew = 8;                          // policies that came since; of more it is quicker to look anew
constexpr int kMostLooks = 8;                                 // at all patterns
constexpr auto kBetweenHolds = std::chrono::milliseconds(5);  // longer than those who wait for the lock sleep
constexpr std::array<std::uint64_t, 3> kKinds = {NG_PATTERN_EXACT, NG_PATTERN_WILD, NG_PATTERN_MID};

// Every entry of an LPM trie, or of a hash, that belongs to one of the policies. A walk of a trie may miss one while
// others write to it, so it is done with only when a walk finds nothing.
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
        NG_TRY(doom_unused(in_use));
        if (!doomed_.empty()) {
            NG_TRY(wait_for_programs());
            NG_TRY(erase_entries());
            NG_TRY(free_room());
            NG_TRY(erase_names());
            NG_TRY(erase_mark());
        }
        return done_;
    }

  private:
    template <typename Work>
    Result<> with_lock(const Work& work);
    Result<> doom_unused(const std::set<PolicyId>& in_use);
    Result<> doom(std::span<const PolicyId> ids);
    Result<> erase_entries();
    Result<> erase_names();
    Result<std::vector<std::uint64_t>> find_lonely();
    Result<> erase_some(std::vector<std::uint64_t>& lonely);
    Result<bool> is_needed_since(std::uint64_t name, std::uint32_t end);
    Result<> free_room();
    Result<> erase_mark();

    Datapath& datapath_;
    TakeLock take_lock_;  // empty: it is held
    std::set<PolicyId> doomed_;
    bool cidrs_ = false;  // some of them have any
    bool patterns_ = false;
    std::uint32_t next_ = 0;  // policies from this id on came after the patterns were looked at, or meanwhile:
    bool outpaced_ = false;   // too many of them
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

// Those that seem unused, for the lock is not held yet.
Result<> Collection::doom_unused(const std::set<PolicyId>& in_use) {
    NG_ASSIGN(const Catalogue catalogue, read_catalogue(datapath_));
    NG_ASSIGN(const auto of_endpoints, policies_in_use(datapath_));
    std::vector<PolicyId> ids;
    for (const auto& entry : catalogue) {
        if (in_use.count(entry.first) == 0 && of_endpoints.count(entry.first) == 0) {
            ids.push_back(entry.first);
        }
    }
    for (std::size_t i = 0; i < ids.size(); i += kDoomAtOnce) {
        NG_TRY(with_lock([&] { return doom(std::span(ids).subspan(i, std::min(kDoomAtOnce, ids.size() - i))); }));
    }
    return ok();
}

// Lock held: what is not whole now has no writer any more.
Result<> Collection::doom(std::span<const PolicyId> ids) {
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
        doomed_.insert(id);
        cidrs_ = cidrs_ || entry->n_cidrs != 0;
        patterns_ = patterns_ || entry->n_patterns != 0;
    }
    return ok();
}

Result<> Collection::erase_entries() {
    if (cidrs_) {
        NG_TRY((erase_of<ng_cidr4_key, ng_cidr_value>(datapath_, MapId::kCidr4, doomed_)));
        NG_TRY((erase_of<ng_cidr6_key, ng_cidr_value>(datapath_, MapId::kCidr6, doomed_)));
    }
    NG_TRY((erase_of<ng_port_key, std::uint32_t>(datapath_, MapId::kPorts, doomed_)));
    return patterns_ ? erase_of<ng_pattern_key, ng_pattern_value>(datapath_, MapId::kPatterns, doomed_) : ok();
}

// Names that no pattern of a policy below next_ has.
Result<std::vector<std::uint64_t>> Collection::find_lonely() {
    NG_ASSIGN(const int patterns, datapath_.map(MapId::kPatterns));
    std::vector<std::uint64_t> needed;
    NG_TRY((map_for_each<ng_pattern_key, ng_pattern_value>(
        patterns, [&](const ng_pattern_key& key, const ng_pattern_value&) { needed.push_back(pattern_hash(key.id)); })));
    sort_unique(needed);
    NG_ASSIGN(const int suffixes, datapath_.map(MapId::kSuffixes));
    std::vector<std::uint64_t> lonely;
    NG_TRY((map_for_each<std::uint64_t, ng_suffix>(suffixes, [&](std::uint64_t name, const ng_suffix&) {
        if (!std::binary_search(needed.begin(), needed.end(), name)) {
            lonely.push_back(name);
        }
    })));
    return lonely;
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

// Lock held. Takes them off the list, unless so many policies came that the list is of no use.
Result<> Collection::erase_some(std::vector<std::uint64_t>& lonely) {
    NG_ASSIGN(const std::uint32_t end, datapath_.upcoming_policy_id());
    const std::uint32_t fresh = end - next_;
    outpaced_ = fresh > kFewNew;
    if (outpaced_) {
        return ok();
    }
    const std::size_t most = fresh == 0 ? kEraseAtOnce : kAskAtOnce / (fresh * kKinds.size());
    std::vector<std::uint64_t> gone;
    for (std::size_t i = 0; i < most && !lonely.empty(); ++i) {
        NG_ASSIGN(const bool needed, is_needed_since(lonely.back(), end));
        if (!needed) {
            gone.push_back(lonely.back());
        }
        lonely.pop_back();
    }
    done_.names += gone.size();
    NG_ASSIGN(const int suffixes, datapath_.map(MapId::kSuffixes));
    return map_erase_many(suffixes, gone).with_context(map_name(MapId::kSuffixes));
}

Result<> Collection::erase_names() {
    for (int look = 0; look < kMostLooks; ++look) {
        NG_TRY(with_lock([&]() -> Result<> {
            NG_ASSIGN(next_, datapath_.upcoming_policy_id());
            return ok();
        }));
        NG_ASSIGN(std::vector<std::uint64_t> lonely, find_lonely());
        outpaced_ = false;
        while (!lonely.empty() && !outpaced_) {
            NG_TRY(with_lock([&] { return erase_some(lonely); }));
        }
        if (!outpaced_) {
            return ok();
        }
    }
    return Error(Code::kTryAgain, "policies are installed more quickly than names that nobody needs are found");
}

// Whoever is at work learns of it the next time. One entry stays, as the mark that names are still to be looked for.
Result<> Collection::free_room() {
    NG_ASSIGN(const int fd, datapath_.map(MapId::kPolicies));
    done_.policies = doomed_.size();
    return map_erase_many(fd, std::vector<std::uint32_t>(std::next(doomed_.begin()), doomed_.end()));
}

Result<> Collection::erase_mark() {
    NG_ASSIGN(const int fd, datapath_.map(MapId::kPolicies));
    NG_TRY(map_erase(fd, *doomed_.begin()));
    return ok();
}

}  // namespace

Result<Collected> collect_unused_policies(Datapath& datapath, const TakeLock& take_lock) { return Collection(datapath, take_lock).run({}); }

Result<Collected> remove_unused_policies(Datapath& datapath, const std::set<PolicyId>& in_use) {
    return Collection(datapath, {}).run(in_use);
}

}  // namespace namegate::datapath

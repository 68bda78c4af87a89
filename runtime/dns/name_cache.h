// SPDX-License-Identifier: Apache-2.0
//
// What each endpoint resolved lately, whether or not a policy cared: so that a policy that names a domain
// later works at once (D14), and chains split over two answers are joined (D8). Kept apart by endpoint
// (D11). Bounded in names, addresses and bytes, of all endpoints and of each. At a bound the endpoint that holds most of what is
// short loses the name that it was answered longest ago: no endpoint loses anything because of one that holds more.
// Owns its memory only; time comes from the Clock. Not thread-safe: it belongs to one event loop. Nothing
// fails but the file functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ip.h"
#include "base/result.h"
#include "dns/learning.h"
#include "dns/lifetime.h"
#include "policy/model/domain_pattern.h"

namespace namegate::dns {

struct NameCacheLimits {
    std::size_t names = 200'000;
    std::size_t addresses = 400'000;
    std::size_t bytes = std::size_t{128} * 1024 * 1024;  // an estimate of the memory in use
    std::size_t names_per_endpoint = 16'384;
    std::size_t addresses_per_endpoint = 32'768;
    std::size_t bytes_per_endpoint = std::size_t{16} * 1024 * 1024;
    std::size_t addresses_per_name = 1024;  // the soonest to expire goes first
    std::size_t links_per_name = 16;
};

inline constexpr std::size_t kMaxJoinedNames = 64;  // names on the way from a name to an address, or to a name
// Of one answer, over all its names: entries visited, links followed either way, names put on a way. Well under a millisecond.
inline constexpr std::size_t kMaxJoinSteps = 512;
inline constexpr std::size_t kMaxJoinedReports = 1024;  // addresses, of one answer
// Of the same when a policy is programmed, for one endpoint over all its patterns: some 10 to 20 ms.
inline constexpr std::size_t kMaxMatchSteps = 65'536;
inline constexpr std::size_t kMaxNamesPerAddress = 16;
// By one call: well under a millisecond. An answer may bring more addresses than that many names had: what is over a bound then
// goes with the next answers, or by expire().
inline constexpr std::size_t kMaxDroppedNames = 256;
inline constexpr std::size_t kMaxCacheFileBytes = std::size_t{256} * 1024 * 1024;

// How many steps a walk may take. A walk that finds none left stops where it is: what it did not come to stays unopened.
class StepBudget {
  public:
    explicit StepBudget(std::size_t steps) : left_(steps) {}

    // False: not so many are left, and the budget counts as cut from now on.
    bool take(std::size_t steps = 1) {
        cut_ = cut_ || steps > left_;
        left_ -= cut_ ? 0 : steps;
        return !cut_;
    }
    std::size_t left() const { return left_; }
    bool cut() const { return cut_; }

  private:
    std::size_t left_;
    bool cut_ = false;
};

// What a walk over joined chains came to.
struct Joined {
    std::size_t steps = 0;
    bool cut = false;  // a limit ended it: some addresses were not reported
};

// An address that a name leads to. `names` is the way: the name asked about first, the address's owner last.
struct Reached {
    IpAddress address;
    std::vector<std::string> names;
    std::uint64_t expiry_boot_ns = 0;
};

// One name as the cache holds it, for the tools. What has expired is left out.
struct NameEntry {
    struct Address {
        IpAddress address;
        std::uint64_t expiry_boot_ns = 0;
    };
    struct Link {
        std::string target;
        std::uint64_t expiry_boot_ns = 0;
    };
    std::string name;
    std::vector<Address> addresses;
    std::vector<Link> links;  // CNAME targets
};

struct NameCacheStats {
    std::size_t endpoints = 0;
    std::size_t names = 0;
    std::size_t addresses = 0;
    std::size_t bytes = 0;
    std::uint64_t evicted = 0;  // names pushed out by a bound
};

class NameCache {
  public:
    using Report = std::function<void(const Reached&)>;

    NameCache(const Clock& clock, const NameCacheLimits& limits)
        : clock_(clock),
          limits_(limits),
          most_of_all_{limits.names, limits.addresses, limits.bytes},
          most_of_each_{limits.names_per_endpoint, limits.addresses_per_endpoint, limits.bytes_per_endpoint} {}
    NameCache(const NameCache&) = delete;
    NameCache& operator=(const NameCache&) = delete;
    NameCache(NameCache&&) = delete;
    NameCache& operator=(NameCache&&) = delete;
    ~NameCache() = default;

    // Takes over an answer seen now. Seeing an address again only ever extends it (D13).
    // `seen_boot_ns`: when the response passed the pod's interface, from which its TTLs count (D13); none: now.
    void record(std::uint32_t endpoint, const Learning& learning, const LifetimeSettings& lifetime,
                std::optional<std::uint64_t> seen_boot_ns = std::nullopt);

    // Everything unexpired that the endpoint may reach by names that the pattern matches: each name's
    // addresses once. `names` starts with a matching name.
    // Stops when the budget is spent.
    void for_each_match(std::uint32_t endpoint, const policy::DomainPattern& pattern, StepBudget& budget, const Report& report) const;
    // The same with a budget of kMaxMatchSteps of its own.
    void for_each_match(std::uint32_t endpoint, const policy::DomainPattern& pattern, const Report& report) const;
    // After record(): what the answer's names, and the names known to lead to them, reach now; more than the
    // answer itself where a chain was split over several answers. `names` starts at each such name in turn.
    // Stops after kMaxJoinSteps or kMaxJoinedReports: however a pod's names lead to each other, an answer costs no more.
    Joined for_each_joined(std::uint32_t endpoint, const Learning& learning, const Report& report) const;

    // For the tools: the names that lead to each unexpired address, owner first, at most kMaxNamesPerAddress.
    std::map<IpAddress, std::vector<std::string>> names_by_address(std::uint32_t endpoint) const;
    // Of one address; makes nothing of the others.
    std::vector<std::string> names_of(std::uint32_t endpoint, const IpAddress& address) const;
    std::vector<NameEntry> entries(std::uint32_t endpoint) const;
    std::vector<std::uint32_t> endpoints() const;
    NameCacheStats stats() const;

    // What the endpoint knew counts no more. A large cache's memory is given back in steps, by expire().
    void forget(std::uint32_t endpoint);
    // Drops names of which everything has expired, that were forgotten, or that are over a bound, at most `max_names` a call so
    // that no call takes long; returns how many. Cheap when nothing is due.
    std::size_t expire(std::size_t max_names = kMaxDroppedNames);

    // `scope` names the life of the endpoint ids and of the boot clock (boot id and seed): a file of another
    // scope is of no use and loads as 0 names. The file is written atomically with a version and a checksum.
    Result<> save(const std::string& path, std::string_view scope) const;
    // Replaces the content; returns the number of names. On an error the cache is empty, the error says why.
    Result<std::size_t> load(const std::string& path, std::string_view scope);
    // The same, between memory and memory.
    std::string serialise(std::string_view scope) const;
    Result<std::size_t> deserialise(std::string_view content, std::string_view scope);

  private:
    struct Entry;
    using EntryList = std::list<Entry>;
    using EntryRef = EntryList::iterator;
    // Names that end alike stand together: those below one suffix are found without looking at the others.
    struct ByEnding {
        using is_transparent = void;
        bool operator()(std::string_view a, std::string_view b) const;
    };
    // What is bounded: names, addresses, bytes.
    static constexpr std::size_t kMeasures = 3;
    using Amounts = std::array<std::size_t, kMeasures>;
    // How much an endpoint has of one measure. The last of several gives way; of those that have as much, the one that came first.
    struct Holder {
        std::size_t held = 0;
        std::uint32_t endpoint = 0;

        bool operator<(const Holder& other) const { return held != other.held ? held < other.held : endpoint > other.endpoint; }
    };
    struct Endpoint {
        std::uint32_t id = 0;
        bool forgotten = false;
        Amounts held{};
        std::map<std::string, EntryRef, ByEnding> names;
        std::list<EntryRef> by_age;                                      // front: answered last
        std::set<std::pair<std::string, std::string>> owners_by_target;  // CNAME links backwards
    };
    struct Entry {
        Endpoint* endpoint = nullptr;
        std::string name;
        std::vector<NameEntry::Address> addresses;  // sorted by address
        std::vector<NameEntry::Link> links;
        Amounts counted{};  // its part of what the endpoint holds, and of held_
        std::list<EntryRef>::iterator age;
        std::multimap<std::uint64_t, EntryRef>::iterator due;
    };

    EntryRef touch(std::uint32_t endpoint, const std::string& name);
    void put_link(Entry& entry, const std::string& target, std::uint64_t expiry);
    void settle(EntryRef entry, std::uint64_t now);
    void trim(Entry& entry, std::uint64_t now);
    void count(Endpoint& owner, Amounts& counted, const Amounts& now);
    void take_off_holders(const Endpoint& owner);
    std::size_t enforce_bounds(std::size_t max_names);
    bool push_out_one(std::size_t measure);
    void erase(EntryRef entry);
    std::size_t drop_forgotten(std::size_t max_names);
    void clear();
    void restore(std::uint32_t endpoint, const NameEntry& saved, std::uint64_t now);
    Result<std::size_t> read_entries(std::string_view content, std::string_view scope);

    using Sources = std::vector<std::string_view>;
    // From the sources along unexpired links, until `report` returns false or the budget is spent.
    void reach(const Endpoint& endpoint, const Sources& sources, StepBudget& budget,
               const std::function<bool(const Reached&)>& report) const;
    // The names themselves and those that lead to them, the nearest first, at most kMaxJoinedNames.
    static std::vector<std::string> with_leading_names(const Endpoint& endpoint, std::vector<std::string> names, StepBudget& budget);
    static std::vector<std::string> leading_names_of(const Endpoint& endpoint, const Entry& entry);

    const Clock& clock_;
    NameCacheLimits limits_;
    Amounts most_of_all_;
    Amounts most_of_each_;
    EntryList entries_;  // front: answered last
    std::map<std::uint32_t, Endpoint> endpoints_;
    std::list<std::map<std::uint32_t, Endpoint>::node_type> forgotten_;
    std::multimap<std::uint64_t, EntryRef> due_;       // by the time at which all of the entry has expired
    Amounts held_{};                                   // of all, forgotten ones included
    std::array<std::set<Holder>, kMeasures> holders_;  // not those that were forgotten
    std::uint64_t evicted_ = 0;
};

}  // namespace namegate::dns

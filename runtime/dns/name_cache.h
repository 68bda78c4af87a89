// SPDX-License-Identifier: Apache-2.0
//
// The name cache: recent responses of each endpoint, whether or not a policy names them, so that a policy that names a
// domain later works at once (D14) and chains split over several responses are joined (D8). Endpoints are separate
// (D11). Names, addresses and bytes are limited, for all endpoints together and for each. Over a limit, the least recently
// answered name of the endpoint that holds the most of that measure is evicted. So no endpoint loses a name while another
// one holds more. Owns only its memory; time comes from the Clock. Not thread-safe: used by one event loop. Only the
// file functions can fail.
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
    std::size_t addresses_per_name = 1024;  // those that expire first are evicted
    std::size_t links_per_name = 16;
};

inline constexpr std::size_t kMaxJoinedNames = 64;  // names on the path from a name to an address or to another name
// Steps for one response, over all its names. A step visits an entry, follows a link in either direction, or adds a name to
// a path. All of them take well under 1 ms.
inline constexpr std::size_t kMaxJoinSteps = 512;
inline constexpr std::size_t kMaxJoinedReports = 1024;  // addresses for one response
// The same when a policy is programmed, for one endpoint over all its patterns. Takes 10 to 20 ms.
inline constexpr std::size_t kMaxMatchSteps = 65'536;
inline constexpr std::size_t kMaxNamesPerAddress = 16;
// Names that one call removes at most, so that it takes well under 1 ms. After a response with many addresses this can be too
// few to get below a limit; then the next responses, or expire(), remove the rest.
inline constexpr std::size_t kMaxDroppedNames = 256;
inline constexpr std::size_t kMaxCacheFileBytes = std::size_t{256} * 1024 * 1024;

// Limits the steps of a walk. A walk stops when the budget is spent; the addresses that it has not reached stay closed.
class StepBudget {
  public:
    explicit StepBudget(std::size_t steps) : left_(steps) {}

    // False if fewer steps are left; then cut() is true and every further call fails.
    bool try_spend(std::size_t steps = 1) {
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

// The outcome of a walk over joined chains.
struct Joined {
    std::size_t steps = 0;
    bool cut = false;  // a limit ended it: some addresses were not reported
};

// An address that a name leads to. `names` is the path: first the name at which the walk started, last the address's
// owner.
struct Reached {
    IpAddress address;
    std::vector<std::string> names;
    std::uint64_t expiry_boot_ns = 0;
};

// One name of the cache, for the tools, without what has expired.
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
    std::uint64_t evicted = 0;  // names, since the cache was created
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

    // Adds a response. An address that is seen again can only be extended (D13). `seen_boot_ns`: when the response passed the
    // pod's interface, from which its TTLs count (D13); none: now.
    void record(std::uint32_t endpoint, const Learning& learning, const LifetimeSettings& lifetime,
                std::optional<std::uint64_t> seen_boot_ns = std::nullopt);

    // Reports every unexpired address that the names matched by the pattern lead to, once for each name that owns it.
    // Reached::names starts with a matching name. Stops when the budget is spent.
    void for_each_match(std::uint32_t endpoint, const policy::DomainPattern& pattern, StepBudget& budget, const Report& report) const;
    // The same with a new budget of kMaxMatchSteps.
    void for_each_match(std::uint32_t endpoint, const policy::DomainPattern& pattern, const Report& report) const;
    // After record(): reports the addresses that can be reached now from the names of the response, and from the names that
    // lead to those. These are more than the addresses of the response if a chain is split over several responses. Starts at
    // each such name in turn. Stops after kMaxJoinSteps or kMaxJoinedReports, whatever the links between the names, to limit
    // the cost of a response.
    Joined for_each_joined(std::uint32_t endpoint, const Learning& learning, const Report& report) const;

    // For the tools. Returns the names that lead to each unexpired address, owner first, at most kMaxNamesPerAddress.
    std::map<IpAddress, std::vector<std::string>> names_by_address(std::uint32_t endpoint) const;
    // The same for one address, without the cost of the others.
    std::vector<std::string> names_of(std::uint32_t endpoint, const IpAddress& address) const;
    std::vector<NameEntry> entries(std::uint32_t endpoint) const;
    std::vector<std::uint32_t> endpoints() const;
    NameCacheStats stats() const;

    // Removes the endpoint's names. If there are many, expire() releases their memory in steps.
    void forget(std::uint32_t endpoint);
    // Removes names that have expired, are forgotten or exceed a limit; at most `max_names`, to keep the call short. Returns
    // their number. Cheap if there is nothing to remove.
    std::size_t expire(std::size_t max_names = kMaxDroppedNames);

    // Writes the file atomically, with a version and a checksum. `scope` identifies the boot clock and the endpoint ids
    // (boot id and seed): a file of another scope is useless, so load() reads 0 names from it.
    Result<> save(const std::string& path, std::string_view scope) const;
    // Replaces the content and returns the number of names. After an error the cache is empty.
    Result<std::size_t> load(const std::string& path, std::string_view scope);
    // The same without a file.
    std::string serialise(std::string_view scope) const;
    Result<std::size_t> deserialise(std::string_view content, std::string_view scope);

  private:
    struct Entry;
    using EntryList = std::list<Entry>;
    using EntryRef = EntryList::iterator;
    // Orders names by their ends, so that the names below one suffix are adjacent.
    struct ByEnding {
        using is_transparent = void;
        bool operator()(std::string_view a, std::string_view b) const;
    };
    // The limited measures: names, addresses, bytes.
    static constexpr std::size_t kMeasures = 3;
    using Amounts = std::array<std::size_t, kMeasures>;
    // How much an endpoint holds of one measure. The last in this order loses a name first; among equals, the lowest id.
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
        std::list<EntryRef> by_age;                                      // front: most recently answered
        std::set<std::pair<std::string, std::string>> owners_by_target;  // the CNAME links, reversed
    };
    struct Entry {
        Endpoint* endpoint = nullptr;
        std::string name;
        std::vector<NameEntry::Address> addresses;  // sorted by address
        std::vector<NameEntry::Link> links;
        Amounts counted{};  // the entry's share of the endpoint's `held` and of held_
        std::list<EntryRef>::iterator age;
        std::multimap<std::uint64_t, EntryRef>::iterator due;
    };

    EntryRef touch(std::uint32_t endpoint, const std::string& name);
    void put_link(Entry& entry, const std::string& target, std::uint64_t expiry);
    void settle(EntryRef entry, std::uint64_t now);
    void trim(Entry& entry, std::uint64_t now);
    void count(Endpoint& owner, Amounts& counted, const Amounts& now);
    void remove_from_holders(const Endpoint& owner);
    std::size_t enforce_bounds(std::size_t max_names);
    bool evict_one(std::size_t measure);
    void erase(EntryRef entry);
    std::size_t drop_forgotten(std::size_t max_names);
    void clear();
    void restore(std::uint32_t endpoint, const NameEntry& saved, std::uint64_t now);
    Result<std::size_t> read_entries(std::string_view content, std::string_view scope);

    using Sources = std::vector<std::string_view>;
    // Follows unexpired links from the sources until `report` returns false or the budget is spent.
    void reach(const Endpoint& endpoint, const Sources& sources, StepBudget& budget,
               const std::function<bool(const Reached&)>& report) const;
    // Returns the names and those that lead to them, nearest first, at most kMaxJoinedNames.
    static std::vector<std::string> with_leading_names(const Endpoint& endpoint, std::vector<std::string> names, StepBudget& budget);
    static std::vector<std::string> leading_names_of(const Endpoint& endpoint, const Entry& entry);

    const Clock& clock_;
    NameCacheLimits limits_;
    Amounts most_of_all_;
    Amounts most_of_each_;
    EntryList entries_;  // front: most recently answered
    std::map<std::uint32_t, Endpoint> endpoints_;
    std::list<std::map<std::uint32_t, Endpoint>::node_type> forgotten_;
    std::multimap<std::uint64_t, EntryRef> due_;       // by the time at which the last part of the entry expires
    Amounts held_{};                                   // of all endpoints, forgotten ones included
    std::array<std::set<Holder>, kMeasures> holders_;  // without forgotten endpoints
    std::uint64_t evicted_ = 0;
};

}  // namespace namegate::dns

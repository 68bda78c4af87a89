// SPDX-License-Identifier: Apache-2.0
//
// What each endpoint resolved lately, whether or not a policy cared: so that a policy that names a domain
// later works at once (D14), and chains split over two answers are joined (D8). Kept apart by endpoint
// (D11). Bounded in names, addresses and bytes; at a bound the least recently answered name goes first.
// Owns its memory only; time comes from the Clock. Not thread-safe: it belongs to one event loop. Nothing
// fails but the file functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ip.h"
#include "base/result.h"
#include "dns/learning.h"
#include "dns/lifetime.h"
#include "policy/domain_pattern.h"

namespace namegate::dns {

struct NameCacheLimits {
    std::size_t names = 200'000;
    std::size_t addresses = 400'000;
    std::size_t bytes = std::size_t{128} * 1024 * 1024;  // an estimate of the memory in use
    std::size_t names_per_endpoint = 16'384;             // so that one pod cannot push out the others
    std::size_t addresses_per_name = 1024;               // the soonest to expire goes first
    std::size_t links_per_name = 16;
};

inline constexpr std::size_t kMaxJoinedNames = 64;  // names on the way from a matching name to an address
inline constexpr std::size_t kMaxCacheFileBytes = std::size_t{256} * 1024 * 1024;

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
    NameCache(const Clock& clock, const NameCacheLimits& limits) : clock_(clock), limits_(limits) {}
    NameCache(const NameCache&) = delete;
    NameCache& operator=(const NameCache&) = delete;
    NameCache(NameCache&&) = delete;
    NameCache& operator=(NameCache&&) = delete;
    ~NameCache() = default;

    // Takes over an answer seen now. Seeing an address again only ever extends it (D13).
    void record(std::uint32_t endpoint, const Learning& learning, const LifetimeSettings& lifetime);

    // Everything unexpired that the endpoint may reach by names that the pattern matches. `reached.names`
    // starts with the matching name. One address may be reported more than once, by different names.
    void for_each_match(std::uint32_t endpoint, const policy::DomainPattern& pattern,
                        const std::function<void(const Reached&)>& report) const;
    // After record(): what the chain's names and the names known to lead to them now reach, beyond the
    // answer itself when a chain was split over several answers. `reached.names` starts at each such name.
    void for_each_joined(std::uint32_t endpoint, const Learning& learning, const std::function<void(const Reached&)>& report) const;
    // Names known to lead to this address now, sorted.
    std::vector<std::string> names_of(std::uint32_t endpoint, const IpAddress& address) const;

    std::vector<NameEntry> entries(std::uint32_t endpoint) const;
    std::vector<std::uint32_t> endpoints() const;
    NameCacheStats stats() const;

    void forget(std::uint32_t endpoint);
    // Drops names of which everything has expired, at most `max_names` a call so that no call takes long;
    // returns how many. Cheap when nothing is due.
    std::size_t expire(std::size_t max_names = 4096);

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
    using Names = std::map<std::string, EntryRef, std::less<>>;
    struct Endpoint {
        Names names;
        std::list<EntryRef> by_age;                                            // front: answered last
        std::map<std::string, std::vector<std::string>, std::less<>> sources;  // CNAME target -> owners
    };
    struct Entry {
        std::uint32_t endpoint = 0;
        std::string name;
        std::vector<NameEntry::Address> addresses;
        std::vector<NameEntry::Link> links;
        std::size_t bytes = 0;  // as counted in bytes_
        std::list<EntryRef>::iterator age;
        std::multimap<std::uint64_t, EntryRef>::iterator due;
    };

    EntryRef touch(std::uint32_t endpoint, const std::string& name);
    void put_address(Entry& entry, const IpAddress& address, std::uint64_t expiry);
    void put_link(Entry& entry, const std::string& target, std::uint64_t expiry);
    void drop_expired(Entry& entry, std::uint64_t now);
    void settle(EntryRef entry);
    void enforce_bounds(std::uint32_t endpoint);
    void erase(EntryRef entry);
    void unlink_source(std::uint32_t endpoint, const std::string& target, const std::string& owner);
    void clear();
    void reach_from(const Endpoint& endpoint, const std::string& name, const std::function<void(const Reached&)>& report) const;
    std::vector<std::string> sources_of(const Endpoint& endpoint, const std::vector<std::string>& names) const;

    const Clock& clock_;
    NameCacheLimits limits_;
    EntryList entries_;  // front: answered last
    std::map<std::uint32_t, Endpoint> endpoints_;
    std::multimap<std::uint64_t, EntryRef> due_;  // by the time at which all of the entry has expired
    std::size_t addresses_ = 0;
    std::size_t bytes_ = 0;
    std::uint64_t evicted_ = 0;
};

}  // namespace namegate::dns

// SPDX-License-Identifier: Apache-2.0
#include "dns/name_cache.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace namegate::dns {
namespace {

// Memory of the containers' nodes besides the texts: entry list, age list, due map, name map.
constexpr std::size_t kNodeBytes = 48;
constexpr std::size_t kNodesPerEntry = 4;

// Indexes of the measures.
constexpr std::size_t kAddresses = 1;
constexpr std::size_t kBytes = 2;

std::uint64_t last_expiry(const std::vector<NameEntry::Address>& addresses, const std::vector<NameEntry::Link>& links) {
    std::uint64_t last = 0;
    for (const auto& address : addresses) {
        last = std::max(last, address.expiry_boot_ns);
    }
    for (const auto& link : links) {
        last = std::max(last, link.expiry_boot_ns);
    }
    return last;
}

void put_address(std::vector<NameEntry::Address>& addresses, const IpAddress& address, std::uint64_t expiry) {
    const auto at = std::lower_bound(addresses.begin(), addresses.end(), address,
                                     [](const NameEntry::Address& known, const IpAddress& wanted) { return known.address < wanted; });
    if (at != addresses.end() && at->address == address) {
        at->expiry_boot_ns = std::max(at->expiry_boot_ns, expiry);
        return;
    }
    addresses.insert(at, {address, expiry});
}

// Sorts once: inserting thousands of addresses one at a time is quadratic.
void put_addresses(std::vector<NameEntry::Address>& addresses, std::vector<NameEntry::Address> more) {
    addresses.insert(addresses.end(), more.begin(), more.end());
    std::sort(addresses.begin(), addresses.end(), [](const NameEntry::Address& a, const NameEntry::Address& b) {
        return a.address != b.address ? a.address < b.address : a.expiry_boot_ns > b.expiry_boot_ns;
    });
    addresses.erase(std::unique(addresses.begin(), addresses.end(),
                                [](const NameEntry::Address& a, const NameEntry::Address& b) { return a.address == b.address; }),
                    addresses.end());
}

// A link lasts at least as long as the addresses that were seen beyond it, because their lifetime counts (D13).
std::uint64_t link_expiry(const Learning& learning, const ChainLink& link, std::uint64_t now, const LifetimeSettings& lifetime) {
    std::uint64_t expiry = expiry_boot_ns(now, link.ttl, lifetime);
    for (const LearntAddress& address : learning.addresses) {
        if ((address.names >> link.to & 1U) != 0) {
            expiry = std::max(expiry, expiry_boot_ns(now, address.ttl, lifetime));
        }
    }
    return expiry;
}

}  // namespace

bool NameCache::ByEnding::operator()(std::string_view a, std::string_view b) const {
    return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

void NameCache::record(std::uint32_t endpoint, const Learning& learning, const LifetimeSettings& lifetime,
                       std::optional<std::uint64_t> seen_boot_ns) {
    if (learning.empty()) {
        return;
    }
    const std::uint64_t now = clock_.boot_ns();
    const std::uint64_t seen = std::min(seen_boot_ns.value_or(now), now);
    std::map<std::size_t, EntryRef> touched;
    const auto entry_of = [&](std::size_t index) {
        const auto known = touched.find(index);
        return known != touched.end() ? known->second : touched.emplace(index, touch(endpoint, learning.chain_names[index])).first->second;
    };
    for (const ChainLink& link : learning.links) {
        put_link(*entry_of(link.from), learning.chain_names[link.to], link_expiry(learning, link, seen, lifetime));
    }
    std::map<std::size_t, std::vector<NameEntry::Address>> addresses;  // by owner
    for (const LearntAddress& address : learning.addresses) {
        addresses[address.owner].push_back({address.address, expiry_boot_ns(seen, address.ttl, lifetime)});
    }
    for (auto& [owner, more] : addresses) {
        put_addresses(entry_of(owner)->addresses, std::move(more));
    }
    for (const auto& [index, entry] : touched) {
        settle(entry, now);
    }
    enforce_bounds(kMaxDroppedNames);
}

// Returns the entry of the name, new or known, as the most recently answered one.
NameCache::EntryRef NameCache::touch(std::uint32_t endpoint, const std::string& name) {
    Endpoint& owner = endpoints_[endpoint];
    owner.id = endpoint;
    const auto known = owner.names.find(name);
    if (known != owner.names.end()) {
        const EntryRef entry = known->second;
        entries_.splice(entries_.begin(), entries_, entry);
        owner.by_age.splice(owner.by_age.begin(), owner.by_age, entry->age);
        return entry;
    }
    const EntryRef entry = entries_.emplace(entries_.begin());
    entry->endpoint = &owner;
    entry->name = name;
    entry->age = owner.by_age.insert(owner.by_age.begin(), entry);
    entry->due = due_.emplace(0, entry);
    owner.names.emplace(name, entry);
    return entry;
}

void NameCache::put_link(Entry& entry, const std::string& target, std::uint64_t expiry) {
    const auto known =
        std::find_if(entry.links.begin(), entry.links.end(), [&](const NameEntry::Link& link) { return link.target == target; });
    if (known != entry.links.end()) {
        known->expiry_boot_ns = std::max(known->expiry_boot_ns, expiry);
        return;
    }
    entry.links.push_back({target, expiry});
    entry.endpoint->owners_by_target.emplace(target, entry.name);
}

// Removes what has expired and what exceeds the limits of one name; of the latter, what expires first.
void NameCache::trim(Entry& entry, std::uint64_t now) {
    const auto later = [](const auto& a, const auto& b) { return a.expiry_boot_ns > b.expiry_boot_ns; };
    auto& addresses = entry.addresses;
    addresses.erase(
        std::remove_if(addresses.begin(), addresses.end(), [now](const auto& address) { return address.expiry_boot_ns <= now; }),
        addresses.end());
    if (addresses.size() > limits_.addresses_per_name) {
        std::sort(addresses.begin(), addresses.end(), later);
        addresses.resize(limits_.addresses_per_name);
        std::sort(addresses.begin(), addresses.end(), [](const auto& a, const auto& b) { return a.address < b.address; });
    }
    auto& links = entry.links;
    std::sort(links.begin(), links.end(), later);
    auto& backwards = entry.endpoint->owners_by_target;
    while (!links.empty() && (links.back().expiry_boot_ns <= now || links.size() > limits_.links_per_name)) {
        backwards.erase({links.back().target, entry.name});
        links.pop_back();
    }
}

// After a change of the entry: applies the limits of one name and updates the sums and the time at which it is due.
void NameCache::settle(EntryRef entry, std::uint64_t now) {
    trim(*entry, now);
    if (entry->addresses.empty() && entry->links.empty()) {
        erase(entry);
        return;
    }
    entry->addresses.shrink_to_fit();
    std::size_t bytes = sizeof(Entry) + kNodesPerEntry * kNodeBytes + 2 * entry->name.size();
    bytes += entry->addresses.size() * sizeof(NameEntry::Address);
    for (const NameEntry::Link& link : entry->links) {
        bytes += sizeof link + kNodeBytes + 2 * sizeof(std::string) + 2 * link.target.size() + entry->name.size();
    }
    count(*entry->endpoint, entry->counted, {1, entry->addresses.size(), bytes});
    due_.erase(entry->due);
    entry->due = due_.emplace(last_expiry(entry->addresses, entry->links), entry);
}

// Changes an entry's share of the sums from `counted` to `now`.
void NameCache::count(Endpoint& owner, Amounts& counted, const Amounts& now) {
    for (std::size_t measure = 0; measure < kMeasures; ++measure) {
        const std::size_t before = owner.held[measure];
        owner.held[measure] = before - counted[measure] + now[measure];
        held_[measure] = held_[measure] - counted[measure] + now[measure];
        if (owner.forgotten) {
            continue;
        }
        // Reuses the set's node, because this runs for every response.
        auto node = holders_[measure].extract({before, owner.id});
        if (node.empty()) {
            holders_[measure].insert({owner.held[measure], owner.id});
        } else {
            node.value().held = owner.held[measure];
            holders_[measure].insert(std::move(node));
        }
    }
    counted = now;
}

void NameCache::remove_from_holders(const Endpoint& owner) {
    for (std::size_t measure = 0; measure < kMeasures; ++measure) {
        holders_[measure].erase({owner.held[measure], owner.id});
    }
}

// Returns false if no limit is exceeded.
bool NameCache::evict_one(std::size_t measure) {
    const bool full = held_[measure] > most_of_all_[measure];
    if (full && drop_forgotten(1) > 0) {
        return true;
    }
    const auto largest = std::prev(holders_[measure].end());
    if (!full && largest->held <= most_of_each_[measure]) {
        return false;
    }
    erase(endpoints_.find(largest->endpoint)->second.by_age.back());
    ++evicted_;
    return true;
}

std::size_t NameCache::enforce_bounds(std::size_t max_names) {
    std::size_t dropped = 0;
    for (std::size_t measure = 0; measure < kMeasures; ++measure) {
        while (dropped < max_names && !holders_[measure].empty() && evict_one(measure)) {
            ++dropped;
        }
    }
    return dropped;
}

void NameCache::erase(EntryRef entry) {
    Endpoint& owner = *entry->endpoint;
    for (const NameEntry::Link& link : entry->links) {
        owner.owners_by_target.erase({link.target, entry->name});
    }
    owner.names.erase(entry->name);
    owner.by_age.erase(entry->age);
    due_.erase(entry->due);
    count(owner, entry->counted, {});
    entries_.erase(entry);
    if (owner.names.empty() && !owner.forgotten) {
        remove_from_holders(owner);
        endpoints_.erase(owner.id);
    }
}

void NameCache::clear() {
    endpoints_.clear();
    forgotten_.clear();
    due_.clear();
    entries_.clear();
    held_ = {};
    holders_ = {};
}

// Adds an entry from a file, with the same limits as a response.
void NameCache::restore(std::uint32_t endpoint, const NameEntry& saved, std::uint64_t now) {
    const EntryRef entry = touch(endpoint, saved.name);
    for (const NameEntry::Address& address : saved.addresses) {
        put_address(entry->addresses, address.address, address.expiry_boot_ns);
    }
    for (const NameEntry::Link& link : saved.links) {
        put_link(*entry, link.target, link.expiry_boot_ns);
    }
    settle(entry, now);
    enforce_bounds(kMaxDroppedNames);
}

void NameCache::forget(std::uint32_t endpoint) {
    auto own = endpoints_.extract(endpoint);
    if (own.empty()) {
        return;
    }
    remove_from_holders(own.mapped());
    own.mapped().forgotten = true;
    forgotten_.push_back(std::move(own));
    drop_forgotten(kMaxDroppedNames);
}

std::size_t NameCache::drop_forgotten(std::size_t max_names) {
    std::size_t dropped = 0;
    while (!forgotten_.empty() && dropped < max_names) {
        const Endpoint& oldest = forgotten_.front().mapped();
        if (oldest.by_age.empty()) {
            forgotten_.pop_front();
            continue;
        }
        erase(oldest.by_age.back());
        ++dropped;
    }
    return dropped;
}

std::size_t NameCache::expire(std::size_t max_names) {
    const std::uint64_t now = clock_.boot_ns();
    std::size_t dropped = drop_forgotten(max_names);
    while (dropped < max_names && !due_.empty() && due_.begin()->first <= now) {
        erase(due_.begin()->second);
        ++dropped;
    }
    return dropped + enforce_bounds(max_names - dropped);
}

std::vector<NameEntry> NameCache::entries(std::uint32_t endpoint) const {
    std::vector<NameEntry> out;
    const auto own = endpoints_.find(endpoint);
    if (own == endpoints_.end()) {
        return out;
    }
    const std::uint64_t now = clock_.boot_ns();
    const auto live = [now](const auto& item) { return item.expiry_boot_ns > now; };
    for (const auto& [name, entry] : own->second.names) {
        NameEntry shown{name, {}, {}};
        std::copy_if(entry->addresses.begin(), entry->addresses.end(), std::back_inserter(shown.addresses), live);
        std::copy_if(entry->links.begin(), entry->links.end(), std::back_inserter(shown.links), live);
        if (!shown.addresses.empty() || !shown.links.empty()) {
            out.push_back(std::move(shown));
        }
    }
    std::sort(out.begin(), out.end(), [](const NameEntry& a, const NameEntry& b) { return a.name < b.name; });
    return out;
}

std::vector<std::uint32_t> NameCache::endpoints() const {
    std::vector<std::uint32_t> out;
    for (const auto& own : endpoints_) {
        out.push_back(own.first);
    }
    return out;
}

NameCacheStats NameCache::stats() const { return {endpoints_.size(), entries_.size(), held_[kAddresses], held_[kBytes], evicted_}; }

}  // namespace namegate::dns

// SPDX-License-Identifier: Apache-2.0
#include "daemon/page/connections.h"

#include <algorithm>

namespace namegate::daemon {

namespace {

bool is_lookup(const ConnectionKey& key) { return key.seen == Seen::kLookedUp; }

// Newest first, each once.
void add_addresses(std::vector<IpAddress>& known, const std::vector<IpAddress>& seen) {
    for (const IpAddress& address : seen) {
        std::erase(known, address);
        known.insert(known.begin(), address);
    }
    if (known.size() > kAddressesOfConnection) {
        known.resize(kAddressesOfConnection);
    }
}

}  // namespace

ConnectionKey Connections::lookup_of(const std::string& name) {
    ConnectionKey key;
    key.seen = Seen::kLookedUp;
    key.name = name;
    return key;
}

Connection* Connections::note(std::uint32_t endpoint, const ConnectionKey& key, const std::vector<IpAddress>& addresses,
                              const std::string& time) {
    Own& own = endpoints_[endpoint];
    if (is_lookup(key) && own.reached.count(key.name) != 0) {
        return nullptr;
    }
    auto known = own.entries.find(key);
    const bool is_new = known == own.entries.end();
    if (is_new) {
        make_room(own);
        known = own.entries.emplace(key, Entry{}).first;
        known->second.age = own.ages.insert(own.ages.end(), known);
        ++size_;
        Connection& made = known->second.connection;
        made.id = ++last_id_;
        made.endpoint = endpoint;
        made.key = key;
        made.first_time = time;
        if (!is_lookup(key) && !key.name.empty() && own.reached[key.name]++ == 0) {
            if (const auto lookup = own.entries.find(lookup_of(key.name)); lookup != own.entries.end()) {
                erase(own, lookup);
            }
        }
    } else {
        own.ages.splice(own.ages.end(), own.ages, known->second.age);
    }
    Connection& connection = known->second.connection;
    connection.changed = change();
    connection.last_time = time;
    ++connection.count;
    add_addresses(connection.addresses, addresses);
    return is_new ? &connection : nullptr;
}

bool Connections::has(std::uint32_t endpoint, const ConnectionKey& key) const {
    const auto own = endpoints_.find(endpoint);
    return own != endpoints_.end() && own->second.entries.count(key) != 0;
}

void Connections::make_room(Own& own) {
    if (own.entries.size() >= per_endpoint_) {
        drop_oldest(own);
        ++forgotten_;
    } else if (size_ >= of_all_) {
        const auto most = std::max_element(endpoints_.begin(), endpoints_.end(), [](const auto& one, const auto& other) {
            return one.second.entries.size() < other.second.entries.size();
        });
        drop_oldest(most->second);
        ++forgotten_;
    }
}

void Connections::drop_oldest(Own& own) { erase(own, own.ages.front()); }

void Connections::erase(Own& own, Entries::iterator entry) {
    const ConnectionKey& key = entry->first;
    if (!is_lookup(key) && !key.name.empty()) {
        if (const auto reached = own.reached.find(key.name); --reached->second == 0) {
            own.reached.erase(reached);
        }
    }
    removed_.emplace_back(change(), entry->second.connection.id);
    if (removed_.size() > kRememberedRemovals) {
        removals_known_after_ = removed_.front().first;
        removed_.pop_front();
    }
    own.ages.erase(entry->second.age);
    own.entries.erase(entry);
    --size_;
}

void Connections::forget(std::uint32_t endpoint) {
    const auto own = endpoints_.find(endpoint);
    if (own == endpoints_.end()) {
        return;
    }
    while (!own->second.ages.empty()) {
        drop_oldest(own->second);
    }
    endpoints_.erase(own);
}

std::vector<const Connection*> Connections::changed_after(std::uint64_t number, std::size_t most) const {
    std::vector<const Connection*> out;
    for (const auto& entry : endpoints_) {
        const Ages& ages = entry.second.ages;
        for (auto at = ages.rbegin(); at != ages.rend() && (*at)->second.connection.changed > number; ++at) {
            out.push_back(&(*at)->second.connection);
        }
    }
    const auto earlier = [](const Connection* one, const Connection* other) { return one->changed < other->changed; };
    if (out.size() > most) {
        std::nth_element(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(most), out.end(), earlier);
        out.resize(most);
    }
    std::sort(out.begin(), out.end(), earlier);
    return out;
}

std::optional<std::vector<std::uint64_t>> Connections::removed_after(std::uint64_t number) const {
    if (number < removals_known_after_) {
        return std::nullopt;
    }
    std::vector<std::uint64_t> out;
    for (auto at = removed_.rbegin(); at != removed_.rend() && at->first > number; ++at) {
        out.push_back(at->second);
    }
    return out;
}

}  // namespace namegate::daemon

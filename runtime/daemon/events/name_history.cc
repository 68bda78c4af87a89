// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/name_history.h"

#include <algorithm>

namespace namegate::daemon {

void NameHistory::note(std::uint32_t endpoint, const dns::Learning& learning) {
    if (learning.addresses.empty()) {
        return;
    }
    Own& own = endpoints_[endpoint];
    for (std::size_t i = 0; i < std::min(learning.addresses.size(), kNamedOfOneResponse); ++i) {
        add(own, learning.addresses[i].address, learning.chain_names.front());
    }
    make_room();
}

void NameHistory::add(Own& own, const IpAddress& address, const std::string& name) {
    if (const auto known = own.by_address.find(address); known != own.by_address.end()) {
        std::vector<std::string>& names = known->second->names;
        if (names.back() != name) {
            std::erase(names, name);
            if (names.size() >= kNamesOfAddress) {
                names.erase(names.begin());
            }
            names.push_back(name);
        }
        own.seen.splice(own.seen.end(), own.seen, known->second);
        return;
    }
    own.seen.push_back({address, {name}});
    own.by_address.emplace(address, std::prev(own.seen.end()));
    ++size_;
    if (own.seen.size() > per_endpoint_) {
        drop_oldest(own);
    }
}

void NameHistory::drop_oldest(Own& own) {
    own.by_address.erase(own.seen.front().address);
    own.seen.pop_front();
    --size_;
}

// The endpoint with the most addresses gives way, down to half of them, so that this rarely happens.
void NameHistory::make_room() {
    while (size_ > of_all_) {
        const auto most = std::max_element(endpoints_.begin(), endpoints_.end(), [](const auto& one, const auto& other) {
            return one.second.seen.size() < other.second.seen.size();
        });
        for (std::size_t left = (most->second.seen.size() + 1) / 2; left > 0; --left) {
            drop_oldest(most->second);
        }
    }
}

const NameHistory::Named* NameHistory::find(std::uint32_t endpoint, const IpAddress& address) const {
    const auto own = endpoints_.find(endpoint);
    if (own == endpoints_.end()) {
        return nullptr;
    }
    const auto named = own->second.by_address.find(address);
    return named == own->second.by_address.end() ? nullptr : &*named->second;
}

std::string NameHistory::name_of(std::uint32_t endpoint, const IpAddress& address) const {
    const Named* named = find(endpoint, address);
    return named == nullptr ? std::string() : named->names.back();
}

std::vector<std::string> NameHistory::names_of(std::uint32_t endpoint, const IpAddress& address) const {
    const Named* named = find(endpoint, address);
    return named == nullptr ? std::vector<std::string>() : named->names;
}

void NameHistory::forget(std::uint32_t endpoint) {
    if (const auto own = endpoints_.find(endpoint); own != endpoints_.end()) {
        size_ -= own->second.seen.size();
        endpoints_.erase(own);
    }
}

}  // namespace namegate::daemon

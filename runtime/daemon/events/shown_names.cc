// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/shown_names.h"

#include <algorithm>

namespace namegate::daemon {

// The value of the key, which becomes the newest one.
template <typename Key, typename Value>
Value& ShownNames::newest(Latest<Key, Value>& latest, const Key& key) {
    if (const auto known = latest.by_key.find(key); known != latest.by_key.end()) {
        latest.order.splice(latest.order.end(), latest.order, known->second);
        return known->second->second;
    }
    if (latest.order.size() >= per_endpoint_) {
        drop_oldest(latest);
    }
    latest.order.emplace_back(key, Value());
    latest.by_key[key] = std::prev(latest.order.end());
    ++size_;
    return latest.order.back().second;
}

template <typename Key, typename Value>
void ShownNames::drop_oldest(Latest<Key, Value>& latest) {
    if (!latest.order.empty()) {
        latest.by_key.erase(latest.order.front().first);
        latest.order.pop_front();
        --size_;
    }
}

void ShownNames::note(std::uint32_t endpoint, const ShownFlow& flow, const std::string& name) {
    Own& own = endpoints_[endpoint];
    newest(own.flows, flow) = name;
    std::vector<std::string>& names = newest(own.addresses, flow.remote);
    names.erase(std::remove(names.begin(), names.end(), name), names.end());
    names.push_back(name);
    if (names.size() > kTlsNamesOfAddress) {
        names.erase(names.begin());
    }
    make_room();
}

void ShownNames::make_room() {
    while (size_ > of_all_) {
        const auto largest = std::max_element(endpoints_.begin(), endpoints_.end(),
                                              [](const auto& one, const auto& other) { return one.second.size() < other.second.size(); });
        Own& own = largest->second;
        if (own.flows.order.size() >= own.addresses.order.size()) {
            drop_oldest(own.flows);
        } else {
            drop_oldest(own.addresses);
        }
    }
}

std::string ShownNames::of_flow(std::uint32_t endpoint, const ShownFlow& flow) const {
    const auto own = endpoints_.find(endpoint);
    if (own == endpoints_.end()) {
        return {};
    }
    const auto known = own->second.flows.by_key.find(flow);
    return known == own->second.flows.by_key.end() ? std::string() : known->second->second;
}

std::vector<std::string> ShownNames::of_address(std::uint32_t endpoint, const IpAddress& address) const {
    const auto own = endpoints_.find(endpoint);
    if (own == endpoints_.end()) {
        return {};
    }
    const auto known = own->second.addresses.by_key.find(address);
    return known == own->second.addresses.by_key.end() ? std::vector<std::string>() : known->second->second;
}

void ShownNames::flow_ended(std::uint32_t endpoint, const ShownFlow& flow) {
    const auto own = endpoints_.find(endpoint);
    if (own == endpoints_.end()) {
        return;
    }
    auto& flows = own->second.flows;
    if (const auto known = flows.by_key.find(flow); known != flows.by_key.end()) {
        flows.order.erase(known->second);
        flows.by_key.erase(known);
        --size_;
    }
}

void ShownNames::forget(std::uint32_t endpoint) {
    if (const auto own = endpoints_.find(endpoint); own != endpoints_.end()) {
        size_ -= own->second.size();
        endpoints_.erase(own);
    }
}

}  // namespace namegate::daemon

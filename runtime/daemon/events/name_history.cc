// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/name_history.h"

#include <algorithm>

#include "daemon/events/last_names.h"

namespace namegate::daemon {

void NameHistory::note(std::uint32_t endpoint, const dns::Learning& learning) {
    if (learning.addresses.empty()) {
        return;
    }
    Own& own = endpoints_[endpoint];
    size_ -= own.size();
    for (std::size_t i = 0; i < std::min(learning.addresses.size(), kNamedOfOneResponse); ++i) {
        note_name(own.use(learning.addresses[i].address), learning.chain_names.front(), kNamesOfAddress);
        if (own.size() > per_endpoint_) {
            own.drop_oldest();
        }
    }
    size_ += own.size();
    make_room();
}

// The endpoint with the most addresses gives way, down to half of them, so that this rarely happens.
void NameHistory::make_room() {
    while (size_ > of_all_) {
        const auto most = std::max_element(endpoints_.begin(), endpoints_.end(),
                                           [](const auto& one, const auto& other) { return one.second.size() < other.second.size(); });
        for (std::size_t left = (most->second.size() + 1) / 2; left > 0; --left) {
            most->second.drop_oldest();
            --size_;
        }
    }
}

const std::vector<std::string>* NameHistory::find(std::uint32_t endpoint, const IpAddress& address) const {
    const auto own = endpoints_.find(endpoint);
    return own == endpoints_.end() ? nullptr : own->second.find(address);
}

std::string NameHistory::name_of(std::uint32_t endpoint, const IpAddress& address) const {
    const std::vector<std::string>* names = find(endpoint, address);
    return names == nullptr ? std::string() : names->back();
}

std::vector<std::string> NameHistory::names_of(std::uint32_t endpoint, const IpAddress& address) const {
    const std::vector<std::string>* names = find(endpoint, address);
    return names == nullptr ? std::vector<std::string>() : *names;
}

void NameHistory::forget(std::uint32_t endpoint) {
    if (const auto own = endpoints_.find(endpoint); own != endpoints_.end()) {
        size_ -= own->second.size();
        endpoints_.erase(own);
    }
}

}  // namespace namegate::daemon

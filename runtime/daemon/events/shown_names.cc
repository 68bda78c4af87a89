// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/shown_names.h"

#include <algorithm>

#include "daemon/events/last_names.h"

namespace namegate::daemon {

void ShownNames::note(std::uint32_t endpoint, const ShownFlow& flow, const std::string& name) {
    Own& own = endpoints_[endpoint];
    size_ -= own.size();
    own.flows.use(flow) = name;
    note_name(own.addresses.use(flow.remote), name, kTlsNamesOfAddress);
    if (own.flows.size() > per_endpoint_) {
        own.flows.drop_oldest();
    }
    if (own.addresses.size() > per_endpoint_) {
        own.addresses.drop_oldest();
    }
    size_ += own.size();
    make_room();
}

// The endpoint with the most entries gives way, down to half of them, so that this rarely happens.
void ShownNames::make_room() {
    while (size_ > of_all_) {
        const auto most = std::max_element(endpoints_.begin(), endpoints_.end(),
                                           [](const auto& one, const auto& other) { return one.second.size() < other.second.size(); });
        Own& own = most->second;
        for (std::size_t left = (own.size() + 1) / 2; left > 0; --left) {
            if (own.flows.size() >= own.addresses.size()) {
                own.flows.drop_oldest();
            } else {
                own.addresses.drop_oldest();
            }
            --size_;
        }
    }
}

const ShownNames::Own* ShownNames::find(std::uint32_t endpoint) const {
    const auto own = endpoints_.find(endpoint);
    return own == endpoints_.end() ? nullptr : &own->second;
}

std::string ShownNames::of_flow(std::uint32_t endpoint, const ShownFlow& flow) const {
    const Own* own = find(endpoint);
    const std::string* name = own == nullptr ? nullptr : own->flows.find(flow);
    return name == nullptr ? std::string() : *name;
}

std::vector<std::string> ShownNames::of_address(std::uint32_t endpoint, const IpAddress& address) const {
    const Own* own = find(endpoint);
    const std::vector<std::string>* names = own == nullptr ? nullptr : own->addresses.find(address);
    return names == nullptr ? std::vector<std::string>() : *names;
}

void ShownNames::flow_ended(std::uint32_t endpoint, const ShownFlow& flow) {
    if (const auto own = endpoints_.find(endpoint); own != endpoints_.end()) {
        size_ -= own->second.flows.erase(flow);
    }
}

void ShownNames::forget(std::uint32_t endpoint) {
    if (const auto own = endpoints_.find(endpoint); own != endpoints_.end()) {
        size_ -= own->second.size();
        endpoints_.erase(own);
    }
}

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/dns/refused_addresses.h"

#include <algorithm>
#include <iterator>

namespace namegate::daemon {

bool RefusedAddresses::add(std::uint32_t endpoint, const RefusedAddress& refused) {
    std::deque<RefusedAddress>& list = by_endpoint_[endpoint];
    const auto known = std::find_if(list.begin(), list.end(), [&refused](const RefusedAddress& one) {
        return one.address == refused.address && one.name == refused.name;
    });
    if (known != list.end()) {
        known->expiry_boot_ns = std::max(known->expiry_boot_ns, refused.expiry_boot_ns);
        return false;
    }
    if (list.size() == kMaxRefusedAddresses) {
        list.pop_front();
    }
    list.push_back(refused);
    return true;
}

std::vector<RefusedAddress> RefusedAddresses::of(std::uint32_t endpoint, std::uint64_t now_boot_ns) const {
    std::vector<RefusedAddress> out;
    if (const auto found = by_endpoint_.find(endpoint); found != by_endpoint_.end()) {
        std::copy_if(found->second.begin(), found->second.end(), std::back_inserter(out),
                     [now_boot_ns](const RefusedAddress& one) { return one.expiry_boot_ns > now_boot_ns; });
    }
    return out;
}

}  // namespace namegate::daemon

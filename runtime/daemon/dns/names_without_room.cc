// SPDX-License-Identifier: Apache-2.0
#include "daemon/dns/names_without_room.h"

#include <algorithm>

namespace namegate::daemon {

void NamesWithoutRoom::add(std::uint32_t endpoint, const std::string& name, std::uint64_t expiry_boot_ns) {
    std::deque<Entry>& list = by_endpoint_[endpoint];
    const auto known = std::find_if(list.begin(), list.end(), [&name](const Entry& one) { return one.name == name; });
    if (known != list.end()) {
        known->expiry_boot_ns = std::max(known->expiry_boot_ns, expiry_boot_ns);
        return;
    }
    if (list.size() == kMaxNamesWithoutRoom) {
        list.pop_front();
    }
    list.push_back({name, expiry_boot_ns});
}

void NamesWithoutRoom::remove(std::uint32_t endpoint, const std::string& name) {
    const auto found = by_endpoint_.find(endpoint);
    if (found == by_endpoint_.end()) {
        return;
    }
    std::erase_if(found->second, [&name](const Entry& one) { return one.name == name; });
    if (found->second.empty()) {
        by_endpoint_.erase(found);
    }
}

std::vector<std::string> NamesWithoutRoom::of(std::uint32_t endpoint, std::uint64_t now_boot_ns) const {
    std::vector<std::string> out;
    if (const auto found = by_endpoint_.find(endpoint); found != by_endpoint_.end()) {
        for (const Entry& one : found->second) {
            if (one.expiry_boot_ns > now_boot_ns) {
                out.push_back(one.name);
            }
        }
    }
    return out;
}

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
//
// Addresses that names of an endpoint's policy recently led to but that no name opens (`dnsNeverOpens`, D17), for the tools to
// show. Keeps the last kMaxRefusedAddresses of each endpoint. Owns its memory; one thread; cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace namegate::daemon {

inline constexpr std::size_t kMaxRefusedAddresses = 16;  // of an endpoint

struct RefusedAddress {
    std::string address;  // as in the response
    std::string name;
    std::string entry;  // of dnsNeverOpens
    std::uint64_t expiry_boot_ns = 0;
};

class RefusedAddresses {
  public:
    // True if it is new.
    bool add(std::uint32_t endpoint, const RefusedAddress& refused);
    // Those that have not expired.
    std::vector<RefusedAddress> of(std::uint32_t endpoint, std::uint64_t now_boot_ns) const;
    void forget(std::uint32_t endpoint) { by_endpoint_.erase(endpoint); }

  private:
    std::map<std::uint32_t, std::deque<RefusedAddress>> by_endpoint_;
};

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
//
// Addresses that names of an endpoint's policy led to lately, and that no name opens (`dnsNeverOpens`, D17): for the tools to
// show. Bounded: of each endpoint the last ones. Owns its memory; one thread; cannot fail.
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
    std::string address;  // as the answer had it
    std::string name;
    std::string entry;  // of dnsNeverOpens
    std::uint64_t expiry_boot_ns = 0;
};

class RefusedAddresses {
  public:
    // True: it was not known.
    bool add(std::uint32_t endpoint, const RefusedAddress& refused);
    // What has not expired.
    std::vector<RefusedAddress> of(std::uint32_t endpoint, std::uint64_t now_boot_ns) const;
    void forget(std::uint32_t endpoint) { by_endpoint_.erase(endpoint); }

  private:
    std::map<std::uint32_t, std::deque<RefusedAddress>> by_endpoint_;
};

}  // namespace namegate::daemon

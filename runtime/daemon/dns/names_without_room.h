// SPDX-License-Identifier: Apache-2.0
//
// Names that endpoints looked up and whose addresses found no room in the endpoint's map (`learntAddressesPerEndpoint`, or the patterns
// that can open one address), for the tools to say so. Keeps the last kMaxNamesWithoutRoom of each endpoint until their TTL ends.
// Owns its memory; one thread; cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace namegate::daemon {

inline constexpr std::size_t kMaxNamesWithoutRoom = 16;  // of an endpoint

class NamesWithoutRoom {
  public:
    // An address of the name found no room; it would have been open until `expiry_boot_ns`.
    void add(std::uint32_t endpoint, const std::string& name, std::uint64_t expiry_boot_ns);
    // A later response to the name was learned whole.
    void remove(std::uint32_t endpoint, const std::string& name);
    void forget(std::uint32_t endpoint) { by_endpoint_.erase(endpoint); }
    // Those whose TTL has not ended, the oldest first.
    std::vector<std::string> of(std::uint32_t endpoint, std::uint64_t now_boot_ns) const;

  private:
    struct Entry {
        std::string name;
        std::uint64_t expiry_boot_ns = 0;
    };
    std::map<std::uint32_t, std::deque<Entry>> by_endpoint_;
};

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
//
// The names that led each endpoint to an address, kept after their TTL: a denied packet is shown with the name that the pod had
// looked up, even if the pod uses the address for too long. Only for people: it opens nothing. Owns its memory, which is limited for
// each endpoint and for all. At its own limit an endpoint loses the address that it saw longest ago; at the limit of all, the endpoint
// with the most addresses does. One thread; cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ip.h"
#include "daemon/events/latest_map.h"
#include "dns/learning.h"

namespace namegate::daemon {

inline constexpr std::size_t kNamedAddressesPerEndpoint = 1024;
inline constexpr std::size_t kNamedAddresses = 32'768;  // of all endpoints
inline constexpr std::size_t kNamedOfOneResponse = 64;  // the first ones
inline constexpr std::size_t kNamesOfAddress = 4;       // the latest ones

class NameHistory {
  public:
    explicit NameHistory(std::size_t per_endpoint = kNamedAddressesPerEndpoint, std::size_t of_all = kNamedAddresses)
        : per_endpoint_(per_endpoint), of_all_(of_all) {}

    // The endpoint got a response whose question, the first name of `learning`, leads to these addresses.
    void note(std::uint32_t endpoint, const dns::Learning& learning);
    // The name that the endpoint looked up last with this address in the response; empty: none is known.
    std::string name_of(std::uint32_t endpoint, const IpAddress& address) const;
    // Up to kNamesOfAddress of them, the one that the endpoint looked up last at the end. Cheap, also with many names.
    std::vector<std::string> names_of(std::uint32_t endpoint, const IpAddress& address) const;
    void forget(std::uint32_t endpoint);
    std::size_t size() const { return size_; }

  private:
    using Own = LatestMap<IpAddress, std::vector<std::string>>;  // the last name at the end
    // Null: the endpoint has none.
    const std::vector<std::string>* find(std::uint32_t endpoint, const IpAddress& address) const;
    void make_room();

    std::size_t per_endpoint_;
    std::size_t of_all_;
    std::size_t size_ = 0;
    std::map<std::uint32_t, Own> endpoints_;
};

}  // namespace namegate::daemon

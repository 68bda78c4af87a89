// SPDX-License-Identifier: Apache-2.0
//
// Addresses that names of an endpoint's policy recently led to but that no name opens (`dnsNeverOpens`, D17), for the tools to
// show. Keeps the last kMaxRefusedAddresses of each endpoint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "daemon/dns/expiring_notes.h"

namespace namegate::daemon {

inline constexpr std::size_t kMaxRefusedAddresses = 16;  // of an endpoint

struct RefusedAddress {
    std::string address;  // as in the response
    std::string name;
    std::string entry;  // of dnsNeverOpens
    std::uint64_t expiry_boot_ns = 0;

    bool is_same(const RefusedAddress& other) const { return address == other.address && name == other.name; }
};

using RefusedAddresses = ExpiringNotes<RefusedAddress, kMaxRefusedAddresses>;

}  // namespace namegate::daemon

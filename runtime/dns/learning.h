// SPDX-License-Identifier: Apache-2.0
//
// Decides which addresses of a response count, and for which names (D8). From the query name, follows the CNAME records
// of the answer section in any order; visits each name of a loop once. An address counts if its owner is reached, and
// only for the names that lead to its owner: a name later in the chain than the owner must not claim the address. Pure;
// never fails: a response without useful records gives an empty Learning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ip.h"
#include "dns/message.h"

namespace namegate::dns {

// Names that one response may reach; further ones are left out, and `chain_cut` is set.
inline constexpr std::size_t kMaxChainNames = 32;

struct LearntAddress {
    IpAddress address;
    std::uint32_t ttl = 0;    // seconds, as in the record
    std::uint16_t owner = 0;  // index into chain_names
    std::uint32_t names = 0;  // bit i: chain_names[i] leads to the owner (the owner included)
    bool mapped = false;      // an IPv4 address that an AAAA record carried in its IPv4-mapped form

    bool operator==(const LearntAddress&) const = default;
};
static_assert(kMaxChainNames <= 32, "LearntAddress::names has one bit for each name");

struct ChainLink {
    std::uint16_t from = 0;  // indexes into chain_names
    std::uint16_t to = 0;
    std::uint32_t ttl = 0;

    bool operator==(const ChainLink&) const = default;
};

struct Learning {
    std::vector<std::string> chain_names;  // the query name, then the others in the order they are reached
    std::vector<ChainLink> links;
    std::vector<LearntAddress> addresses;  // each (address, mapped, owner) once, with its largest TTL
    bool chain_cut = false;

    bool empty() const { return links.empty() && addresses.empty(); }
    // Returns the names for which this address counts.
    std::vector<std::string> names_of(const LearntAddress& address) const;
    bool operator==(const Learning&) const = default;
};

// Empty unless the message is a response with opcode QUERY, rcode NOERROR and question class IN.
Learning learn(const Message& message);

}  // namespace namegate::dns

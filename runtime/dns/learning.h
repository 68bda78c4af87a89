// SPDX-License-Identifier: Apache-2.0
//
// The learning decision (D8): which addresses of an answer count, and for which names. Starting at the
// question's name, CNAME records of the answer section are followed in whatever order they stand; loops are
// walked once. An address counts when its owner is reached; it counts for the names that lead to its owner,
// so that a name *behind* an address in the chain cannot claim it. Pure; never fails: an answer that
// teaches nothing gives an empty Learning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ip.h"
#include "dns/message.h"

namespace namegate::dns {

// Names reachable from one question; beyond it the chain is cut and `chain_cut` is set.
inline constexpr std::size_t kMaxChainNames = 32;

struct LearntAddress {
    IpAddress address;
    std::uint32_t ttl = 0;    // seconds, as in the record
    std::uint16_t owner = 0;  // index into chain_names
    std::uint32_t names = 0;  // bit i: chain_names[i] leads to the owner (the owner included)
    bool mapped = false;      // an IPv4 address that came as an IPv4-mapped one, in an AAAA record

    bool operator==(const LearntAddress&) const = default;
};
static_assert(kMaxChainNames <= 32, "LearntAddress::names has a bit a name");

struct ChainLink {
    std::uint16_t from = 0;  // indexes into chain_names
    std::uint16_t to = 0;
    std::uint32_t ttl = 0;

    bool operator==(const ChainLink&) const = default;
};

struct Learning {
    std::vector<std::string> chain_names;  // question first, then in the order they are reached
    std::vector<ChainLink> links;
    std::vector<LearntAddress> addresses;  // each (address, mapped, owner) once, with its largest TTL
    bool chain_cut = false;

    bool empty() const { return links.empty() && addresses.empty(); }
    // The names for which this address counts.
    std::vector<std::string> names_of(const LearntAddress& address) const;
    bool operator==(const Learning&) const = default;
};

// Teaches only if it is a response, opcode QUERY, rcode NOERROR, question class IN.
Learning learn(const Message& message);

}  // namespace namegate::dns

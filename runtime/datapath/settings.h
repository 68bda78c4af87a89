// SPDX-License-Identifier: Apache-2.0
//
// Settings of the node that may change while programs run: trusted DNS servers (D9), addresses that no name opens (D17)
// and TTL bounds (D13). Node lock held. What cannot be written stays as it was.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "datapath/loader.h"

namespace namegate::datapath {

struct TrustedPrefix {
    IpPrefix prefix;
    std::uint16_t port = 53;
};
struct TtlSettings {
    std::uint32_t extra = 0;  // seconds added to every TTL
    std::uint32_t min = 0;
    std::uint32_t max = 0;
};

// A prefix of addresses that no name opens, for records of one type.
struct NeverPrefix {
    bool aaaa = false;  // true: AAAA, false: A
    IpAddress::Bytes bytes{};
    unsigned length = 0;  // in bits of the 16-byte address
};

// Replaces the addresses that no name opens (D17). kInvalidInput for more than NG_MAX_NEVER_OPENS.
Result<> set_never_opens(Datapath& datapath, const std::vector<NeverPrefix>& prefixes);
// Replaces the servers that are trusted for all endpoints. `pod_servers`: endpoints may have further servers in their
// configuration, on port 53. kInvalidInput for more than NG_MAX_DNS_PORTS different ports.
Result<> set_trusted(Datapath& datapath, const std::vector<TrustedPrefix>& servers, bool pod_servers = false);
Result<> set_ttl(Datapath& datapath, const TtlSettings& ttl);
Result<ng_config> read_config(Datapath& datapath);

}  // namespace namegate::datapath

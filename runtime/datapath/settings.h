// SPDX-License-Identifier: Apache-2.0
//
// Settings of the node that may change while programs run: trusted DNS servers (D9), addresses that
// no name opens (D17) and TTL bounds (D13).
// Node lock held. The old settings stay in force for whatever could not be written.
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
    std::uint32_t extra = 0;  // seconds
    std::uint32_t min = 0;
    std::uint32_t max = 0;
};

// A prefix of addresses that no name opens, in records of one type.
struct NeverPrefix {
    bool aaaa = false;  // AAAA, else A
    IpAddress::Bytes bytes{};
    unsigned length = 0;  // of all 128 bits
};

// No name opens exactly these afterwards (D17). kInvalidInput for more than NG_MAX_NEVER_OPENS.
Result<> set_never_opens(Datapath& datapath, const std::vector<NeverPrefix>& prefixes);
// Exactly these are trusted afterwards, for all endpoints. `pod_servers`: an endpoint's configuration may name more, on port
// 53. kInvalidInput for more than NG_MAX_DNS_PORTS different ports.
Result<> set_trusted(Datapath& datapath, const std::vector<TrustedPrefix>& servers, bool pod_servers = false);
Result<> set_config(Datapath& datapath, const TtlSettings& ttl);
Result<ng_config> read_config(Datapath& datapath);

}  // namespace namegate::datapath

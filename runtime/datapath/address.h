// SPDX-License-Identifier: Apache-2.0
//
// Addresses between the runtime and the kernel's maps: both are 16 bytes, IPv4 in its mapped form. Pure.
#pragma once

#include <cstring>

#include "base/ip.h"
#include "datapath/bpf/abi.h"

namespace namegate::datapath {

inline IpAddress to_address(const ng_addr& addr) {
    IpAddress::Bytes bytes{};
    std::memcpy(bytes.data(), &addr, bytes.size());
    return IpAddress(bytes);
}

inline ng_addr to_ng_addr(const IpAddress& address) {
    ng_addr addr{};
    std::memcpy(&addr, address.bytes().data(), sizeof addr);
    return addr;
}

}  // namespace namegate::datapath

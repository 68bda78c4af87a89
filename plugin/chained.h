// SPDX-License-Identifier: Apache-2.0
//
// Chained mode: finds both sides of a veth that another plugin made, from the kernel's data (the index of the peer and
// the id of its namespace), never from positions in prevResult.
#pragma once

#include <string>
#include <vector>

#include "base/ip.h"
#include "cni/cni_error.h"
#include "netlink/link.h"
#include "netlink/netns.h"

namespace namegate::plugin {

struct AdoptedVeth {
    netlink::Link pod;
    netlink::Link host;
    std::vector<IpAddress> addresses;  // of the pod side, without link-local ones
};

// kNotAVeth when the peer of the interface is not in the caller's namespace.
cni::Outcome<AdoptedVeth> adopt_veth(const netlink::Netns& pod, const std::string& ifname);

}  // namespace namegate::plugin

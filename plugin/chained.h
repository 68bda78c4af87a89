// SPDX-License-Identifier: Apache-2.0
//
// Chained mode: finding the two sides of a veth that another plugin made, by what the kernel says (the
// peer's index and the id of its namespace), never by a position in prevResult.
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
    std::vector<IpAddress> addresses;  // of the pod side, link-local ones left out
};

// kNotAVeth when the interface has no other side in the caller's namespace.
cni::Outcome<AdoptedVeth> adopt_veth(const netlink::Netns& pod, const std::string& ifname);

}  // namespace namegate::plugin

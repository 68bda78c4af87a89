// SPDX-License-Identifier: Apache-2.0
//
// Chained mode: finds both sides of a veth that another plugin made, from the kernel's data (the index of the peer and
// the id of its namespace), never from positions in prevResult. The pod's addresses come from prevResult, never from its
// interface, because a process in the pod may have set those.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/mac.h"
#include "cni/cni_error.h"
#include "cni/json.h"
#include "netlink/link.h"
#include "netlink/netns.h"

namespace namegate::plugin {

struct AdoptedVeth {
    netlink::Link pod;
    netlink::Link host;
};

// kNotAVeth when the peer of the interface is not in the caller's namespace.
cni::Outcome<AdoptedVeth> adopt_veth(const netlink::Netns& pod, const std::string& ifname);

// What the earlier plugins report about the container's interface.
struct PreviousInterface {
    std::vector<IpAddress> addresses;  // without duplicates and IPv6 link-local addresses
    std::optional<Mac> mac;
};

// kInvalidConfig names the invalid member, or says that prevResult has no address of the interface. An entry of `ips`
// without the index of an interface (as Calico's) belongs to the container's interface. The rest of prevResult is
// ignored.
cni::Outcome<PreviousInterface> read_previous(const cni::Json& prev_result, const std::string& ifname);

}  // namespace namegate::plugin

// SPDX-License-Identifier: Apache-2.0
//
// Chained mode. Both sides of a veth that another plugin made are found from the kernel's data (the index of the peer and the
// id of its namespace), never from positions in prevResult. The pod's addresses come from prevResult, never from its interface,
// because a process in the pod can change those. Functions without state.
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

// kNotAVeth: the interface is not a veth, or its peer is not in the caller's namespace.
cni::Outcome<AdoptedVeth> adopt_veth(const netlink::Netns& pod, const std::string& ifname);

// What the earlier plugins report about the container's interface.
struct PreviousInterface {
    std::vector<IpAddress> addresses;  // without duplicates and IPv6 link-local addresses
    std::optional<Mac> mac;
};

// An entry of `ips` without the index of an interface (Calico writes such entries) belongs to the container's interface. The
// rest of prevResult is ignored. kInvalidConfig names the invalid member, or says that there is no address.
cni::Outcome<PreviousInterface> read_previous(const cni::Json& prev_result, const std::string& ifname);

}  // namespace namegate::plugin

// SPDX-License-Identifier: Apache-2.0
//
// Chained mode: finding the two sides of a veth that another plugin made, by what the kernel says (the
// peer's index and the id of its namespace), never by a position in prevResult; and who the pod is, by what
// prevResult says, never by what stands on its interface: a process in the pod may have set that.
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

// kNotAVeth when the interface has no other side in the caller's namespace.
cni::Outcome<AdoptedVeth> adopt_veth(const netlink::Netns& pod, const std::string& ifname);

// What the plugins before say of the container's interface.
struct PreviousInterface {
    std::vector<IpAddress> addresses;  // each once, link-local ones of IPv6 left out
    std::optional<Mac> mac;
};

// kInvalidConfig names the member that is wrong, or says that prevResult has no address of the interface. An entry of `ips`
// without the index of an interface (Calico's) is of the one that the container gets. Whatever else is in prevResult is not looked at.
cni::Outcome<PreviousInterface> read_previous(const cni::Json& prev_result, const std::string& ifname);

}  // namespace namegate::plugin

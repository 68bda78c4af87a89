// SPDX-License-Identifier: Apache-2.0
//
// The network namespace that CNI_NETNS names. No state.
#pragma once

#include "cni/cni_error.h"
#include "cni/environment.h"
#include "netlink/netns.h"

namespace namegate::plugin {

// kInvalidNetns when CNI_NETNS is not a network namespace, or is the plugin's own and CNI_NETNS_OVERRIDE is not set.
cni::Outcome<netlink::Netns> open_pod_netns(const cni::Environment& environment);

}  // namespace namegate::plugin

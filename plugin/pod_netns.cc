// SPDX-License-Identifier: Apache-2.0
#include "plugin/pod_netns.h"

namespace namegate::plugin {

using cni::CniError;
using cni::ErrorCode;

cni::Outcome<netlink::Netns> open_pod_netns(const cni::Environment& environment) {
    NG_ASSIGN(netlink::Netns pod,
              cni::with_code(netlink::Netns::open(environment.netns).with_context("CNI_NETNS"), ErrorCode::kInvalidNetns));
    if (environment.netns_override) {
        return pod;
    }
    NG_ASSIGN(const netlink::Netns own, netlink::Netns::current());
    NG_ASSIGN(const bool same, pod.is_same(own));
    if (same) {
        return CniError(ErrorCode::kInvalidNetns, "CNI_NETNS \"" + environment.netns + "\" is the plugin's own network namespace",
                        "it must be the container's");
    }
    return pod;
}

}  // namespace namegate::plugin

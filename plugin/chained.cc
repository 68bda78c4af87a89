// SPDX-License-Identifier: Apache-2.0
#include "plugin/chained.h"

#include <utility>

#include "netlink/route.h"
#include "netlink/route_socket.h"

namespace namegate::plugin {

namespace {

using cni::CniError;
using cni::ErrorCode;

CniError not_a_veth(const std::string& ifname, const std::string& why) {
    return {ErrorCode::kNotAVeth, "namegate cannot be chained here: interface " + ifname + " " + why,
            "chain it after a plugin that makes a veth pair with its other side on the host, such as bridge or ptp"};
}

}  // namespace

cni::Outcome<AdoptedVeth> adopt_veth(const netlink::Netns& pod, const std::string& ifname) {
    NG_ASSIGN(netlink::Socket inside, netlink::Socket::open_in(pod));
    NG_ASSIGN(netlink::Socket outside, netlink::Socket::open());
    AdoptedVeth veth;
    auto pod_link = netlink::find_link(inside, ifname);
    if (!pod_link) {
        return pod_link.error().with_context("in the pod");
    }
    veth.pod = std::move(pod_link).value();
    if (veth.pod.kind != "veth" || !veth.pod.peer_index) {
        return not_a_veth(ifname, veth.pod.kind.empty() ? "is no veth" : "is a " + veth.pod.kind + " device, not a veth");
    }
    auto host_link = netlink::find_link(outside, *veth.pod.peer_index);
    const auto pod_id = netlink::netns_id(outside, pod);
    // The index alone could be that of a stranger's veth, when the real peer lives in a third namespace.
    const bool is_peer =
        host_link && host_link->kind == "veth" && host_link->peer_index == veth.pod.index && pod_id && host_link->peer_netns_id == *pod_id;
    if (!is_peer) {
        return not_a_veth(ifname, "has its other side in another network namespace than the host's");
    }
    veth.host = std::move(host_link).value();
    NG_ASSIGN(const std::vector<netlink::AddressEntry> entries, netlink::list_addresses(inside, veth.pod.index));
    for (const netlink::AddressEntry& entry : entries) {
        if (entry.is_global) {
            veth.addresses.push_back(entry.address);
        }
    }
    return veth;
}

}  // namespace namegate::plugin

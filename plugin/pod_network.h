// SPDX-License-Identifier: Apache-2.0
//
// The network of one pod that is ours to make: a veth pair whose pod side carries the addresses as /32 and
// /128, and whose host side carries one route an address. The pod's gateway is an address that exists only
// as a permanent neighbour entry for the host side's MAC (169.254.1.1, fe80::1), and the host holds one for
// the pod: nobody asks with ARP or ND, nobody's claim is believed, and no proxy_arp is needed.
//
// Holds two netlink sockets. Undoing is the caller's: removing the host interface takes everything with it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "cni/result.h"
#include "netlink/link.h"
#include "netlink/netns.h"
#include "netlink/route.h"
#include "netlink/route_socket.h"

namespace namegate::plugin {

// The next hop of every pod; never on the wire.
IpAddress gateway_v4();
IpAddress gateway_v6();
// The MAC of every host side. Fixed, so that nothing of the node (udev) finds a random one to replace.
inline constexpr Mac kHostMac{0x0a, 0x6e, 0x67, 0x00, 0x00, 0x01};

struct PodNetworkSpec {
    std::string ifname;
    std::string host_ifname;
    std::string alias;  // of the host interface; empty: none
    unsigned mtu = 0;
    std::vector<IpAddress> addresses;
    std::vector<cni::Route> routes;  // destinations, each by way of the link gateway

    bool has_v4() const;
    bool has_v6() const;
};

// Which routes a pod gets: those that the IPAM result names; without any, everything. A family that has no
// default route gets one to the networks its addresses are from.
std::vector<cni::Route> pod_routes(const cni::AddResult& ipam);

class PodNetwork {
  public:
    // `pod` must outlive the object.
    static Result<PodNetwork> open(const netlink::Netns& pod);

    // kExists when either name is taken.
    Result<> check_names_free(const std::string& ifname, const std::string& host_ifname);
    // Both sides; that of the host is down, so nothing passes. Fills in pod_link() and host_link().
    Result<> make_links(const PodNetworkSpec& spec);
    // Addresses and routes inside.
    Result<> configure_pod(const PodNetworkSpec& spec);
    // What the node and the host side have to be set to.
    Result<> prepare_host(const PodNetworkSpec& spec) const;
    // From here on packets flow: host side up, routes. Waits until both sides pass traffic.
    Result<> open_host_side(const PodNetworkSpec& spec);

    const netlink::Link& pod_link() const { return pod_link_; }
    const netlink::Link& host_link() const { return host_link_; }
    netlink::Socket& host() { return host_; }
    netlink::Socket& pod() { return pod_; }

  private:
    PodNetwork(const netlink::Netns& netns, netlink::Socket host, netlink::Socket pod)
        : netns_(&netns), host_(std::move(host)), pod_(std::move(pod)) {}
    Error host_route_error(const PodNetworkSpec& spec, const Error& error);
    Result<> wait_until_running(const std::string& ifname);

    const netlink::Netns* netns_;
    netlink::Socket host_;
    netlink::Socket pod_;
    netlink::Link pod_link_;
    netlink::Link host_link_;
};

}  // namespace namegate::plugin

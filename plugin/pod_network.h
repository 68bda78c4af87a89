// SPDX-License-Identifier: Apache-2.0
//
// The network of one pod when namegate creates it: a veth pair. The pod's side has the addresses as /32 and /128, the host's side
// has one route per address. The pod's gateway (169.254.1.1, fe80::1) is no interface's address: the pod has a permanent
// neighbour entry for it, with the MAC of the host side. The host has such an entry for each address of the pod. So neither side
// sends ARP or ND requests, ARP and ND messages change nothing, and proxy_arp is not needed.
//
// Owns two netlink sockets. One thread. A failed function undoes nothing: the caller removes the host interface, and everything
// else with it.
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

// The next hop of every pod; never sent on the wire.
IpAddress gateway_v4();
IpAddress gateway_v6();
// The MAC of every host side. Fixed, so that no program of the node (udev) replaces a random one.
inline constexpr Mac kHostMac{0x0a, 0x6e, 0x67, 0x00, 0x00, 0x01};

struct PodNetworkSpec {
    std::string ifname;
    std::string host_ifname;
    std::string alias;  // of the host interface; empty: none
    unsigned mtu = 0;
    std::vector<IpAddress> addresses;
    std::vector<cni::Route> routes;  // destinations; the next hop is always the gateway above

    bool has_v4() const;
    bool has_v6() const;
};

// The routes of a pod: those of the IPAM result, or default routes if it has none. A family without a default route also gets
// routes to the networks of its addresses.
std::vector<cni::Route> pod_routes(const cni::AddResult& ipam);

class PodNetwork {
  public:
    // `pod` must outlive the object.
    static Result<PodNetwork> open(const netlink::Netns& pod);

    // kExists when one of the names exists.
    Result<> check_names_free(const std::string& ifname, const std::string& host_ifname);
    // Creates both sides. The host side is down, so nothing passes. Fills in pod_link() and host_link().
    Result<> make_links(const PodNetworkSpec& spec);
    // Sets the addresses, routes and neighbours of the pod side.
    Result<> configure_pod(const PodNetworkSpec& spec);
    // Writes the kernel settings (sysctl) of the node and of the host side.
    Result<> prepare_host(const PodNetworkSpec& spec) const;
    // Sets the host side up and adds its routes, so that packets pass. Waits up to 2 s until both sides transmit.
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

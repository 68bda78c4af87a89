// SPDX-License-Identifier: Apache-2.0
#include "plugin/pod_network.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "base/log.h"

namespace namegate::plugin {

namespace {

using netlink::Batch;
using netlink::Link;
using netlink::RouteSpec;

constexpr auto kLinkPoll = std::chrono::microseconds(200);
constexpr auto kLinkPatience = std::chrono::seconds(2);

Result<Mac> random_mac() {
    Mac mac{};
    if (::getrandom(mac.data(), mac.size(), 0) != static_cast<ssize_t>(mac.size())) {
        return sys_error("choosing a random MAC address", errno);
    }
    mac[0] = static_cast<std::uint8_t>((mac[0] & 0xfcU) | 0x02U);  // locally administered, unicast
    return mac;
}

IpAddress gateway_of(bool v4) { return v4 ? gateway_v4() : gateway_v6(); }

bool is_default_route(const cni::Route& route, bool v4) {
    return route.destination.is_v4() == v4 && route.destination.length() == 0 && !route.table;
}

cni::Route default_route(bool v4) {
    cni::Route route;
    route.destination = IpPrefix(v4 ? IpAddress::v4({}) : IpAddress(), 0);
    return route;
}

// Called in the pod while the host side is down. Addresses are then usable at once, and router advertisements are ignored.
Result<> prepare_pod_v6(const std::string& ifname) {
    const std::string settings = "net/ipv6/conf/" + ifname + "/";
    NG_TRY(netlink::ensure_sysctl(settings + "disable_ipv6", "0"));
    NG_TRY(netlink::ensure_sysctl(settings + "accept_dad", "0"));
    NG_TRY(netlink::ensure_sysctl(settings + "accept_ra", "0"));
    return netlink::ensure_sysctl(settings + "keep_addr_on_down", "1");
}

}  // namespace

IpAddress gateway_v4() { return IpAddress::v4({169, 254, 1, 1}); }

IpAddress gateway_v6() {
    IpAddress::Bytes bytes{};
    bytes[0] = 0xfe;
    bytes[1] = 0x80;
    bytes[15] = 1;
    return IpAddress(bytes);
}

bool PodNetworkSpec::has_v4() const {
    return std::any_of(addresses.begin(), addresses.end(), [](const IpAddress& address) { return address.is_v4(); });
}

bool PodNetworkSpec::has_v6() const {
    return std::any_of(addresses.begin(), addresses.end(), [](const IpAddress& address) { return !address.is_v4(); });
}

std::vector<cni::Route> pod_routes(const cni::AddResult& ipam) {
    std::vector<cni::Route> routes = ipam.routes;
    for (const bool v4 : {true, false}) {
        const auto in_family = [v4](const cni::IpConfig& ip) { return ip.address.is_v4() == v4; };
        if (std::none_of(ipam.ips.begin(), ipam.ips.end(), in_family)) {
            continue;
        }
        if (ipam.routes.empty()) {
            routes.push_back(default_route(v4));
        }
        if (std::any_of(routes.begin(), routes.end(), [v4](const cni::Route& route) { return is_default_route(route, v4); })) {
            continue;
        }
        for (const cni::IpConfig& ip : ipam.ips) {
            cni::Route route;
            route.destination = IpPrefix(ip.address, ip.prefix_length);
            const auto same = [&route](const cni::Route& other) { return other.destination == route.destination; };
            if (in_family(ip) && ip.prefix_length < ip.address.bits() && std::none_of(routes.begin(), routes.end(), same)) {
                routes.push_back(route);
            }
        }
    }
    for (cni::Route& route : routes) {
        route.gateway = gateway_of(route.destination.is_v4());
    }
    return routes;
}

Result<PodNetwork> PodNetwork::open(const netlink::Netns& pod) {
    NG_ASSIGN(netlink::Socket host_socket, netlink::Socket::open());
    NG_ASSIGN(netlink::Socket pod_socket, netlink::Socket::open_in(pod));
    return PodNetwork(pod, std::move(host_socket), std::move(pod_socket));
}

Result<> PodNetwork::check_names_free(const std::string& ifname, const std::string& host_ifname) {
    const auto inside = netlink::find_link(pod_, ifname);
    if (inside) {
        return Error(Code::kExists, "the pod has an interface " + ifname + " already");
    }
    if (inside.error().code() != Code::kNotFound) {
        return inside.error();
    }
    const auto outside = netlink::find_link(host_, host_ifname);
    if (outside) {
        return Error(Code::kExists, "host interface " + host_ifname + " is left from an earlier ADD of this container; call DEL first");
    }
    return outside.error().code() == Code::kNotFound ? ok() : Result<>(outside.error());
}

Result<> PodNetwork::make_links(const PodNetworkSpec& spec) {
    netlink::VethPair pair;
    pair.pod_name = spec.ifname;
    pair.pod_netns = netns_;
    NG_ASSIGN(pair.pod_mac, random_mac());
    pair.host_name = spec.host_ifname;
    pair.host_mac = kHostMac;
    pair.mtu = spec.mtu;
    Batch batch;
    netlink::append_veth(batch, pair);
    if (!spec.alias.empty()) {
        netlink::append_link_alias(batch, spec.host_ifname, spec.alias);
    }
    NG_TRY(host_.run(batch));
    NG_ASSIGN(host_link_, netlink::find_link(host_, spec.host_ifname));
    if (!host_link_.peer_index) {
        return Error(Code::kInternal, "the kernel does not report the peer of " + spec.host_ifname);
    }
    pod_link_.index = *host_link_.peer_index;
    pod_link_.name = spec.ifname;
    pod_link_.kind = "veth";
    pod_link_.mac = pair.pod_mac;
    pod_link_.mtu = host_link_.mtu;
    pod_link_.peer_index = host_link_.index;
    // Nothing passes before the host side is up as well.
    Batch up;
    netlink::append_link_up(up, pod_link_.index, spec.ifname);
    return pod_.run(up).with_context("in the pod");
}

Result<> PodNetwork::configure_pod(const PodNetworkSpec& spec) {
    if (spec.has_v6()) {
        NG_TRY(netlink::in_netns(*netns_, [&spec] { return prepare_pod_v6(spec.ifname); }));
    }
    Batch batch;
    for (const IpAddress& address : spec.addresses) {
        netlink::append_address(batch, pod_link_.index, address, address.bits());
    }
    if (spec.has_v4()) {
        netlink::append_neighbour(batch, pod_link_.index, gateway_v4(), kHostMac);
    }
    if (spec.has_v6()) {
        netlink::append_neighbour(batch, pod_link_.index, gateway_v6(), kHostMac);
    }
    for (const cni::Route& route : spec.routes) {
        RouteSpec wanted;
        wanted.destination = route.destination;
        wanted.gateway = gateway_of(route.destination.is_v4());
        wanted.ifindex = pod_link_.index;
        wanted.mtu = route.mtu;
        wanted.advmss = route.advmss;
        wanted.priority = route.priority;
        wanted.table = route.table;
        wanted.onlink = true;
        netlink::append_route(batch, wanted);
    }
    return pod_.run(batch).with_context("in the pod");
}

Result<> PodNetwork::prepare_host(const PodNetworkSpec& spec) const {
    if (spec.has_v4()) {
        NG_TRY(netlink::ensure_sysctl("net/ipv4/ip_forward", "1"));
        NG_TRY(netlink::ensure_sysctl("net/ipv4/conf/" + spec.host_ifname + "/forwarding", "1"));
    }
    if (spec.has_v6()) {
        const std::string settings = "net/ipv6/conf/" + spec.host_ifname + "/";
        NG_TRY(netlink::ensure_sysctl("net/ipv6/conf/all/forwarding", "1"));
        NG_TRY(netlink::ensure_sysctl(settings + "disable_ipv6", "0"));
        NG_TRY(netlink::ensure_sysctl(settings + "forwarding", "1"));
        NG_TRY(netlink::ensure_sysctl(settings + "accept_ra", "0"));
        NG_TRY(netlink::ensure_sysctl(settings + "accept_dad", "0"));
    }
    return ok();
}

// If a route to one of the pod's addresses exists, the error names the interface that has it.
Error PodNetwork::host_route_error(const PodNetworkSpec& spec, const Error& error) {
    if (error.code() != Code::kExists) {
        return error;
    }
    for (const IpAddress& address : spec.addresses) {
        const auto index = netlink::route_interface(host_, address);
        if (!index || *index == host_link_.index) {
            continue;
        }
        const auto owner = netlink::find_link(host_, *index);
        return {Code::kExists, "address " + address.to_string() + " is routed to interface " +
                                   (owner ? owner->name : "number " + std::to_string(*index)) +
                                   " already: two pods have it, or a route is left over"};
    }
    return error;
}

Result<> PodNetwork::open_host_side(const PodNetworkSpec& spec) {
    Batch batch;
    netlink::append_link_up(batch, host_link_.index, spec.host_ifname);
    for (const IpAddress& address : spec.addresses) {
        netlink::append_neighbour(batch, host_link_.index, address, pod_link_.mac);
        RouteSpec route;
        route.destination = IpPrefix(address, address.bits());
        route.ifindex = host_link_.index;
        netlink::append_route(batch, route);
    }
    if (auto done = host_.run(batch); !done) {
        return host_route_error(spec, done.error());
    }
    return wait_until_running(spec.ifname);
}

// The kernel activates the queue of the side that came up first only a moment later; until then it drops packets.
Result<> PodNetwork::wait_until_running(const std::string& ifname) {
    const auto deadline = std::chrono::steady_clock::now() + kLinkPatience;
    for (;;) {
        NG_ASSIGN(const Link link, netlink::find_link(pod_, pod_link_.index));
        if (link.running) {
            return ok();
        }
        if (std::chrono::steady_clock::now() >= deadline) {
            log::warning("the pod's interface is not running yet", {log::kv("interface", ifname)});
            return ok();
        }
        std::this_thread::sleep_for(kLinkPoll);
    }
}

}  // namespace namegate::plugin

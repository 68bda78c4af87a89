// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "endpoints/host_interface_name.h"
#include "plugin/chained.h"
#include "plugin/ipam.h"
#include "plugin/masquerade.h"
#include "plugin/operations.h"
#include "plugin/pod_netns.h"
#include "plugin/pod_network.h"

namespace namegate::plugin {

namespace {

using cni::CniError;
using cni::ErrorCode;
using cni::Outcome;

CniError damaged(const std::string& what) { return {ErrorCode::kCheckFailed, "CHECK: " + what}; }

Outcome<> damaged_if_failed(const Result<>& result) { return result ? Outcome<>(Unit{}) : Outcome<>(damaged(result.error().message())); }

// What ADD returned for the pod's interface.
struct Expected {
    std::string mac;
    std::vector<IpAddress> addresses;
    std::vector<cni::Route> routes;
};

Outcome<Expected> read_expected(const Request& request) {
    NG_ASSIGN(const cni::AddResult previous,
              cni::with_code(cni::parse_result(*request.config.prev_result).with_context("prevResult"), ErrorCode::kInvalidConfig));
    Expected expected;
    for (const cni::IpConfig& ip : previous.ips) {
        const cni::Interface* interface = ip.interface ? &previous.interfaces[*ip.interface] : nullptr;
        if (interface != nullptr && interface->name == request.environment.ifname && !interface->sandbox.empty()) {
            expected.mac = interface->mac;
            expected.addresses.push_back(ip.address);
        }
    }
    if (expected.addresses.empty()) {
        return damaged("prevResult has no address on " + request.environment.ifname);
    }
    // Later plugins may have added routes with other next hops.
    for (const cni::Route& route : previous.routes) {
        if (!route.table && route.gateway == (route.destination.is_v4() ? gateway_v4() : gateway_v6())) {
            expected.routes.push_back(route);
        }
    }
    return expected;
}

Outcome<> check_pod_addresses(netlink::Socket& socket, const netlink::Link& link, const Expected& expected) {
    NG_ASSIGN(const auto entries, netlink::list_addresses(socket, link.index));
    for (const IpAddress& address : expected.addresses) {
        if (std::none_of(entries.begin(), entries.end(), [&](const netlink::AddressEntry& entry) { return entry.address == address; })) {
            return damaged("address " + address.to_string() + " is gone from " + link.name);
        }
    }
    return Unit{};
}

Outcome<> check_pod_routes(netlink::Socket& socket, const netlink::Link& link, const Expected& expected) {
    NG_ASSIGN(const auto routes, netlink::list_routes(socket, link.index));
    for (const cni::Route& route : expected.routes) {
        const auto same = [&route](const netlink::RouteSpec& other) {
            return other.destination == route.destination && other.gateway == route.gateway;
        };
        if (std::none_of(routes.begin(), routes.end(), same)) {
            return damaged("the pod's route to " + route.destination.to_string() + " is gone");
        }
    }
    NG_ASSIGN(const auto neighbours, netlink::list_neighbours(socket, link.index));
    for (const IpAddress& address : expected.addresses) {
        const IpAddress gateway = address.is_v4() ? gateway_v4() : gateway_v6();
        const netlink::NeighbourEntry wanted{gateway, kHostMac, true};
        if (std::find(neighbours.begin(), neighbours.end(), wanted) == neighbours.end()) {
            return damaged("the pod's neighbour entry for its gateway " + gateway.to_string() + " is gone");
        }
    }
    return Unit{};
}

Outcome<> check_host_side(netlink::Socket& socket, const netlink::Link& link, const Expected& expected) {
    NG_ASSIGN(const auto routes, netlink::list_routes(socket, link.index));
    NG_ASSIGN(const auto neighbours, netlink::list_neighbours(socket, link.index));
    for (const IpAddress& address : expected.addresses) {
        const IpPrefix destination(address, address.bits());
        if (std::none_of(routes.begin(), routes.end(), [&](const netlink::RouteSpec& route) { return route.destination == destination; })) {
            return damaged("the host's route to " + address.to_string() + " is gone");
        }
        const auto is_entry = [&address](const netlink::NeighbourEntry& entry) { return entry.address == address && entry.permanent; };
        if (std::none_of(neighbours.begin(), neighbours.end(), is_entry)) {
            return damaged("the host's neighbour entry for " + address.to_string() + " is gone");
        }
        const std::string setting = address.is_v4() ? "net/ipv4/ip_forward" : "net/ipv6/conf/all/forwarding";
        NG_ASSIGN(const std::string forwarding, netlink::read_sysctl(setting));
        if (forwarding != "1") {
            return damaged("forwarding is off on the host: " + setting + " is " + forwarding);
        }
    }
    return Unit{};
}

Outcome<> check_links(const netlink::Link& pod, const netlink::Link& host, const Expected& expected) {
    if (!pod.up || !host.up) {
        return damaged("interface " + (pod.up ? host.name : pod.name) + " is down");
    }
    if (!expected.mac.empty() && mac_to_text(pod.mac) != expected.mac) {
        return damaged("interface " + pod.name + " has the MAC address " + mac_to_text(pod.mac) + ", not " + expected.mac);
    }
    return Unit{};
}

}  // namespace

Outcome<> Operations::check(const Request& request) {
    if (!request.config.prev_result) {
        return CniError(ErrorCode::kInvalidConfig, "prevResult is missing", "CHECK compares with what ADD returned");
    }
    if (request.config.has_ipam()) {
        NG_TRY(check_first(request));
    } else {
        NG_ASSIGN(const netlink::Netns pod, open_pod_netns(request.environment));
        NG_TRY(adopt_veth(pod, request.environment.ifname));
    }
    NG_ASSIGN(const auto lifecycle, dependencies_.open_lifecycle(request.config.config_path));
    return damaged_if_failed(lifecycle->check(request.environment.container_id, request.environment.ifname));
}

Outcome<> Operations::check_first(const Request& request) {
    NG_TRY(Ipam(request, dependencies_.environment).run(cni::Command::kCheck));
    NG_ASSIGN(const Expected expected, read_expected(request));
    NG_ASSIGN(const netlink::Netns pod, open_pod_netns(request.environment));
    const auto veth = adopt_veth(pod, request.environment.ifname);
    if (!veth) {
        return damaged(veth.error().message);
    }
    const std::string host_ifname = endpoints::host_interface_name(request.environment.container_id, request.environment.ifname);
    if (veth->host.name != host_ifname) {
        return damaged("the host interface is " + veth->host.name + ", not " + host_ifname);
    }
    NG_TRY(check_links(veth->pod, veth->host, expected));
    NG_ASSIGN(netlink::Socket inside, netlink::Socket::open_in(pod));
    NG_TRY(check_pod_addresses(inside, veth->pod, expected));
    NG_TRY(check_pod_routes(inside, veth->pod, expected));
    NG_ASSIGN(netlink::Socket outside, netlink::Socket::open());
    NG_TRY(check_host_side(outside, veth->host, expected));
    if (request.config.ip_masq) {
        NG_ASSIGN(const Masquerade masquerade, Masquerade::create());
        NG_TRY(damaged_if_failed(masquerade.check(host_ifname)));
    }
    return Unit{};
}

Outcome<> Operations::status(const Request& request) {
    const auto lifecycle = dependencies_.open_lifecycle(request.config.config_path);
    if (!lifecycle) {
        return CniError(ErrorCode::kNotReady, "namegate cannot program pods: " + lifecycle.error().message());
    }
    if (const auto ready = (*lifecycle)->status(); !ready) {
        const bool limited = ready.error().code() == Code::kNotFound;
        return CniError(limited ? ErrorCode::kLimited : ErrorCode::kNotReady, "namegate cannot program pods: " + ready.error().message());
    }
    if (request.config.ip_masq) {
        if (const auto masquerade = Masquerade::create(); !masquerade) {
            return CniError(ErrorCode::kNotReady, masquerade.error().message());
        }
    }
    if (request.config.has_ipam()) {
        return Ipam(request, dependencies_.environment).run(cni::Command::kStatus);
    }
    return Unit{};
}

}  // namespace namegate::plugin

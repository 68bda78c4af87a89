// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <utility>

#include "base/cleanup.h"
#include "base/log.h"
#include "endpoints/host_interface_alias.h"
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

void log_undo(std::string_view step, const Result<>& result) {
    if (!result) {
        log::warning("cannot undo a failed ADD", {log::kv("step", step), log::kv("error", result.error().message())});
    }
}

// The nameservers that are addresses, at most three: resolvers ignore the others.
std::vector<IpAddress> pod_dns_servers(const cni::Dns& dns) {
    std::vector<IpAddress> out;
    for (const std::string& text : dns.nameservers) {
        const auto address = IpAddress::parse(text);
        if (address && out.size() < endpoints::kMaxRecordServers && std::find(out.begin(), out.end(), *address) == out.end()) {
            out.push_back(*address);
        }
    }
    return out;
}

endpoints::Record make_record(const Request& request, const cni::Args& args, const Clock& clock) {
    endpoints::Record record;
    record.container_id = request.environment.container_id;
    record.ifname = request.environment.ifname;
    record.netns = request.environment.netns;
    record.pod_namespace = args.pod_namespace;
    record.pod_name = args.pod_name;
    record.pod_uid = args.pod_uid;
    record.kubernetes = args.is_kubernetes();
    endpoints::Description given;
    if (request.config.labels_given) {
        given.labels = request.config.labels;
    }
    record.dns_servers = pod_dns_servers(request.config.dns);
    given.annotations = endpoints::keep_annotations(request.config.annotations);
    if (const std::size_t left = request.config.annotations.size() - given.annotations.size(); left > 0) {
        log::info("annotations of the pod are too large to be kept", {log::kv("pod", args.pod_name), log::kv("count", left)});
    }
    if (given != endpoints::Description()) {
        record.described[std::string(endpoints::kCniArgsProvider)] = std::move(given);
    }
    record.network = request.config.name;
    record.created = clock.wall_seconds();
    return record;
}

Outcome<> check_addresses(const std::vector<IpAddress>& addresses) {
    if (addresses.empty()) {
        return CniError(ErrorCode::kFailed, "the pod's interface has no address");
    }
    if (addresses.size() > endpoints::kMaxRecordAddresses) {
        return CniError(ErrorCode::kFailed, "the pod has " + std::to_string(addresses.size()) + " addresses, more than the limit of " +
                                                std::to_string(endpoints::kMaxRecordAddresses));
    }
    return Unit{};
}

// The programs drop frames with another hardware address than the recorded one.
Outcome<> check_mac(const netlink::Link& link, const PreviousInterface& previous) {
    if (previous.mac && *previous.mac != link.mac) {
        return CniError(ErrorCode::kInvalidConfig,
                        "interface " + link.name + " has the hardware address " + mac_to_text(link.mac) + ", but prevResult says " +
                            mac_to_text(*previous.mac),
                        "the plugin before namegate must give the interface's own address, if any");
    }
    return Unit{};
}

// The members that do not depend on the addresses.
PodNetworkSpec make_link_spec(const Request& request) {
    const cni::Environment& environment = request.environment;
    PodNetworkSpec spec;
    spec.ifname = environment.ifname;
    spec.host_ifname = endpoints::host_interface_name(environment.container_id, environment.ifname);
    spec.alias = endpoints::make_alias({request.config.name, environment.container_id, environment.ifname});
    spec.mtu = request.config.mtu;
    return spec;
}

Outcome<> add_addresses(PodNetworkSpec& spec, const cni::AddResult& ipam) {
    for (const cni::IpConfig& ip : ipam.ips) {
        spec.addresses.push_back(ip.address);
    }
    NG_TRY(check_addresses(spec.addresses));
    spec.routes = pod_routes(ipam);
    for (const cni::Route& route : spec.routes) {
        if (route.destination.is_v4() ? !spec.has_v4() : !spec.has_v6()) {
            return CniError(ErrorCode::kInvalidConfig,
                            "ipam gives a route to " + route.destination.to_string() + " but no address of its family");
        }
    }
    if (spec.has_v6() && spec.mtu != 0 && spec.mtu < cni::kMinMtuV6) {
        return CniError(ErrorCode::kInvalidConfig,
                        "mtu is " + std::to_string(spec.mtu) + ", and IPv6 needs at least " + std::to_string(cni::kMinMtuV6));
    }
    return Unit{};
}

cni::AddResult make_result(const Request& request, const PodNetwork& network, const PodNetworkSpec& spec, const cni::AddResult& ipam) {
    cni::AddResult result;
    const netlink::Link& host = network.host_link();
    const netlink::Link& pod = network.pod_link();
    result.interfaces.push_back({host.name, mac_to_text(host.mac), "", host.mtu, "", ""});
    result.interfaces.push_back({pod.name, mac_to_text(pod.mac), request.environment.netns, pod.mtu, "", ""});
    for (const cni::IpConfig& ip : ipam.ips) {
        result.ips.push_back({ip.address, ip.address.bits(), ip.address.is_v4() ? gateway_v4() : gateway_v6(), 1U});
    }
    result.routes = spec.routes;
    result.dns = request.config.dns.empty() ? ipam.dns : request.config.dns;
    return result;
}

std::vector<IpPrefix> own_networks(const cni::AddResult& ipam) {
    std::vector<IpPrefix> networks;
    for (const cni::IpConfig& ip : ipam.ips) {
        networks.emplace_back(ip.address, ip.prefix_length);
    }
    return networks;
}

// Creates the links, with the host side down. `undo` removes them and the endpoint's programs.
Outcome<> make_links(PodNetwork& network, const PodNetworkSpec& spec, const endpoints::Record& record, node::EndpointLifecycle& lifecycle,
                     UndoStack& undo) {
    // Removing something that does not exist is harmless, so each undo is registered before its step. The link is
    // removed first: packets must not pass after the programs are removed.
    undo.push([&lifecycle, &record] { log_undo("programs", lifecycle.remove(record.container_id, record.ifname)); });
    undo.push([&network, &spec] { log_undo("interface", netlink::delete_link(network.host(), spec.host_ifname)); });
    NG_TRY(network.make_links(spec));
    return Unit{};
}

// Does everything that needs no address: creates the links and adds the endpoint, closed.
Outcome<> admit(PodNetwork& network, const PodNetworkSpec& spec, endpoints::Record& record, node::EndpointLifecycle& lifecycle,
                UndoStack& undo) {
    NG_TRY(make_links(network, spec, record, lifecycle, undo));
    record.host_ifname = spec.host_ifname;
    record.host_ifindex = network.host_link().index;
    record.mac = network.pod_link().mac;
    NG_TRY(lifecycle.admit(record));
    return Unit{};
}

// Does what needs the addresses. Afterwards packets can pass.
Outcome<> bring_up(PodNetwork& network, const PodNetworkSpec& spec, endpoints::Record& record, node::EndpointLifecycle& lifecycle) {
    record.addresses = spec.addresses;
    const auto configure = [&network, &spec]() -> Result<> {
        NG_TRY(network.configure_pod(spec));
        return network.prepare_host(spec);
    };
    NG_TRY(lifecycle.program(record, configure));
    NG_TRY(network.open_host_side(spec));
    return Unit{};
}

}  // namespace

Outcome<cni::Json> Operations::add(const Request& request) {
    NG_ASSIGN(const cni::Args args, cni::parse_args(request.environment.args));
    if (request.config.has_ipam()) {
        if (request.config.prev_result) {
            return CniError(ErrorCode::kInvalidConfig, "namegate is chained and has ipam",
                            "remove ipam to adopt the interface that the plugin before it made, or put namegate first");
        }
        return add_first(request, args);
    }
    if (!request.config.prev_result) {
        return CniError(ErrorCode::kInvalidConfig, "ipam is missing",
                        "as the first plugin namegate needs ipam.type; without ipam it must come after a plugin that makes the interface");
    }
    return add_chained(request, args);
}

Outcome<cni::Json> Operations::add_first(const Request& request, const cni::Args& args) {
    PodNetworkSpec spec = make_link_spec(request);
    const Ipam ipam(request, dependencies_.environment);
    // The started program waits for go(); it is killed if go() is never called.
    NG_ASSIGN(IpamCall addresses, ipam.start(cni::Command::kAdd));
    NG_ASSIGN(const netlink::Netns pod, open_pod_netns(request.environment));
    std::optional<Masquerade> masquerade;
    if (request.config.ip_masq) {
        NG_ASSIGN(masquerade, Masquerade::create());
    }
    NG_ASSIGN(PodNetwork network, PodNetwork::open(pod));
    // Checked before the first undo step is registered: undoing must not release the address of an existing attachment.
    NG_TRY(network.check_names_free(spec.ifname, spec.host_ifname));
    std::unique_ptr<node::EndpointLifecycle> lifecycle;
    endpoints::Record record = make_record(request, args, *dependencies_.clock);

    // Undone last: an address is released when nothing uses it any more.
    UndoStack undo;
    undo.push([&ipam, &addresses] {
        addresses.settle();
        if (const auto released = ipam.run(cni::Command::kDel); !released) {
            log::warning("cannot undo a failed ADD", {log::kv("step", "ipam"), log::kv("error", released.error().message)});
        }
    });
    // The address plugin works while everything that needs no address is created.
    addresses.go();
    NG_ASSIGN(lifecycle, dependencies_.open_lifecycle(request.config.config_path));
    lifecycle->shorten_grace_periods();
    NG_TRY(admit(network, spec, record, *lifecycle, undo));
    lifecycle->restore_grace_periods();
    NG_ASSIGN(const cni::AddResult ipam_result, addresses.result());
    NG_TRY(add_addresses(spec, ipam_result));
    if (masquerade) {
        undo.push([&masquerade, &spec] { log_undo("masquerade", masquerade->remove(spec.host_ifname)); });
        NG_TRY(masquerade->add(spec.host_ifname, own_networks(ipam_result)));
    }
    NG_TRY(bring_up(network, spec, record, *lifecycle));
    cni::Json reply = cni::to_json(make_result(request, network, spec, ipam_result), request.config.cni_version);
    // Confirmed last, because the address plugin takes a while to end.
    NG_TRY(addresses.confirm());
    undo.dismiss();
    return reply;
}

Outcome<cni::Json> Operations::add_chained(const Request& request, const cni::Args& args) {
    NG_ASSIGN(const netlink::Netns pod, open_pod_netns(request.environment));
    NG_ASSIGN(AdoptedVeth veth, adopt_veth(pod, request.environment.ifname));
    NG_ASSIGN(PreviousInterface previous, read_previous(*request.config.prev_result, request.environment.ifname));
    NG_TRY(check_addresses(previous.addresses));
    NG_TRY(check_mac(veth.pod, previous));
    NG_ASSIGN(const std::unique_ptr<node::EndpointLifecycle> lifecycle, dependencies_.open_lifecycle(request.config.config_path));
    lifecycle->shorten_grace_periods();
    endpoints::Record record = make_record(request, args, *dependencies_.clock);
    record.chained = true;
    record.host_ifname = veth.host.name;
    record.host_ifindex = veth.host.index;
    record.mac = veth.pod.mac;
    record.addresses = std::move(previous.addresses);
    NG_TRY(lifecycle->add(record));
    // prevResult is passed on unchanged.
    return *request.config.prev_result;
}

}  // namespace namegate::plugin

// SPDX-License-Identifier: Apache-2.0
#include "netlink/route.h"

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "netlink/message.h"

namespace namegate::netlink {

namespace {

std::uint8_t family_of(const IpAddress& address) { return address.is_v4() ? AF_INET : AF_INET6; }

std::string described(const IpAddress& address, unsigned length) { return address.to_string() + "/" + std::to_string(length); }

void put_metrics(nl_msg* message, const RouteSpec& route) {
    if (!route.mtu && !route.advmss) {
        return;
    }
    const Nest metrics(message, RTA_METRICS);
    if (route.mtu) {
        put_u32(message, RTAX_MTU, *route.mtu);
    }
    if (route.advmss) {
        put_u32(message, RTAX_ADVMSS, *route.advmss);
    }
}

std::optional<RouteSpec> read_route(nlmsghdr* message, std::uint32_t ifindex) {
    if (message->nlmsg_type != RTM_NEWROUTE) {
        return std::nullopt;
    }
    const Attributes<rtmsg, RTA_MAX> attributes(message);
    if (!attributes.valid() || attributes.header().rtm_type != RTN_UNICAST || attributes.u32(RTA_TABLE) != RT_TABLE_MAIN ||
        attributes.u32(RTA_OIF) != ifindex) {
        return std::nullopt;
    }
    RouteSpec route;
    route.ifindex = ifindex;
    const bool v4 = attributes.header().rtm_family == AF_INET;
    const IpAddress any = v4 ? IpAddress::v4({}) : IpAddress();
    route.destination = IpPrefix(attributes.address(RTA_DST).value_or(any), attributes.header().rtm_dst_len);
    if (auto gateway = attributes.address(RTA_GATEWAY)) {
        route.gateway = *gateway;
    }
    return route;
}

// Runs a dump for one interface, first IPv4, then IPv6.
template <typename Header, typename Entry, typename Read>
Result<std::vector<Entry>> dump_families(Socket& socket, int type, Header header, std::uint8_t Header::*family, Read read) {
    std::vector<Entry> entries;
    for (const std::uint8_t wanted : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}}) {
        header.*family = wanted;
        const MessagePtr message = make_message(type, NLM_F_DUMP);
        put_header(message.get(), header);
        const std::size_t before = entries.size();
        NG_TRY(socket.query(
            message.get(), "listing addresses and routes", [&] { entries.resize(before); },
            [&](nlmsghdr* answer) {
                if (auto entry = read(answer)) {
                    entries.push_back(std::move(*entry));
                }
            }));
    }
    return entries;
}

}  // namespace

void append_address(Batch& batch, std::uint32_t ifindex, const IpAddress& address, unsigned prefix_length) {
    const MessagePtr message = make_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
    ifaddrmsg header{};
    header.ifa_family = family_of(address);
    header.ifa_prefixlen = static_cast<std::uint8_t>(prefix_length);
    header.ifa_flags = address.is_v4() ? 0 : IFA_F_NODAD;
    header.ifa_index = ifindex;
    put_header(message.get(), header);
    put_address(message.get(), IFA_LOCAL, address);
    put_address(message.get(), IFA_ADDRESS, address);
    batch.append(message.get(), "adding address " + described(address, prefix_length));
}

void append_route(Batch& batch, const RouteSpec& route) {
    const MessagePtr message = make_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
    nl_msg* raw = message.get();
    rtmsg header{};
    header.rtm_family = family_of(route.destination.address());
    header.rtm_dst_len = static_cast<std::uint8_t>(route.destination.length());
    header.rtm_table = RT_TABLE_UNSPEC;  // RTA_TABLE holds the table, with 32 bits
    header.rtm_protocol = RTPROT_STATIC;
    header.rtm_scope = !route.gateway && route.destination.is_v4() ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    header.rtm_type = RTN_UNICAST;
    header.rtm_flags = route.onlink ? RTNH_F_ONLINK : 0;
    put_header(raw, header);
    if (route.destination.length() > 0) {
        put_address(raw, RTA_DST, route.destination.address());
    }
    if (route.gateway) {
        put_address(raw, RTA_GATEWAY, *route.gateway);
    }
    if (route.source) {
        put_address(raw, RTA_PREFSRC, *route.source);
    }
    put_u32(raw, RTA_OIF, route.ifindex);
    put_u32(raw, RTA_TABLE, route.table.value_or(RT_TABLE_MAIN));
    if (route.priority) {
        put_u32(raw, RTA_PRIORITY, *route.priority);
    }
    put_metrics(raw, route);
    batch.append(raw, "adding route " + route.destination.to_string());
}

void append_neighbour(Batch& batch, std::uint32_t ifindex, const IpAddress& address, const Mac& mac) {
    const MessagePtr message = make_message(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
    ndmsg header{};
    header.ndm_family = family_of(address);
    header.ndm_ifindex = static_cast<int>(ifindex);
    header.ndm_state = NUD_PERMANENT;
    put_header(message.get(), header);
    put_address(message.get(), NDA_DST, address);
    put_bytes(message.get(), NDA_LLADDR, mac.data(), mac.size());
    batch.append(message.get(), "adding neighbour " + address.to_string());
}

Result<std::vector<AddressEntry>> list_addresses(Socket& socket, std::uint32_t ifindex) {
    ifaddrmsg header{};
    header.ifa_index = ifindex;
    const auto read = [ifindex](nlmsghdr* message) -> std::optional<AddressEntry> {
        const Attributes<ifaddrmsg, IFA_MAX> attributes(message);
        if (message->nlmsg_type != RTM_NEWADDR || !attributes.valid() || attributes.header().ifa_index != ifindex) {
            return std::nullopt;
        }
        // On point-to-point links IFA_ADDRESS is the address of the peer.
        auto address = attributes.address(attributes.raw(IFA_LOCAL) != nullptr ? IFA_LOCAL : IFA_ADDRESS);
        if (!address) {
            return std::nullopt;
        }
        return AddressEntry{*address, attributes.header().ifa_prefixlen};
    };
    return dump_families<ifaddrmsg, AddressEntry>(socket, RTM_GETADDR, header, &ifaddrmsg::ifa_family, read);
}

Result<std::vector<RouteSpec>> list_routes(Socket& socket, std::uint32_t ifindex) {
    const auto read = [ifindex](nlmsghdr* message) { return read_route(message, ifindex); };
    return dump_families<rtmsg, RouteSpec>(socket, RTM_GETROUTE, rtmsg{}, &rtmsg::rtm_family, read);
}

Result<std::vector<NeighbourEntry>> list_neighbours(Socket& socket, std::uint32_t ifindex) {
    const auto read = [ifindex](nlmsghdr* message) -> std::optional<NeighbourEntry> {
        const Attributes<ndmsg, NDA_MAX> attributes(message);
        if (message->nlmsg_type != RTM_NEWNEIGH || !attributes.valid() || attributes.header().ndm_ifindex != static_cast<int>(ifindex)) {
            return std::nullopt;
        }
        auto address = attributes.address(NDA_DST);
        if (!address) {
            return std::nullopt;
        }
        NeighbourEntry entry{*address, {}, (attributes.header().ndm_state & NUD_PERMANENT) != 0};
        if (attributes.has(NDA_LLADDR, entry.mac.size())) {
            const auto* bytes = static_cast<const std::uint8_t*>(nla_data(attributes.raw(NDA_LLADDR)));
            std::copy(bytes, bytes + entry.mac.size(), entry.mac.begin());
        }
        return entry;
    };
    return dump_families<ndmsg, NeighbourEntry>(socket, RTM_GETNEIGH, ndmsg{}, &ndmsg::ndm_family, read);
}

Result<std::uint32_t> route_interface(Socket& socket, const IpAddress& address) {
    const MessagePtr message = make_message(RTM_GETROUTE, 0);
    rtmsg header{};
    header.rtm_family = family_of(address);
    header.rtm_dst_len = static_cast<std::uint8_t>(address.bits());
    header.rtm_flags = RTM_F_LOOKUP_TABLE;
    put_header(message.get(), header);
    put_address(message.get(), RTA_DST, address);
    std::uint32_t index = 0;
    NG_TRY(socket.query(
        message.get(), "looking up the route to " + address.to_string(), [&index] { index = 0; },
        [&index](nlmsghdr* answer) {
            const Attributes<rtmsg, RTA_MAX> attributes(answer);
            if (answer->nlmsg_type == RTM_NEWROUTE && attributes.valid()) {
                index = attributes.u32(RTA_OIF);
            }
        }));
    if (index == 0) {
        return Error(Code::kNotFound, "no route to " + address.to_string());
    }
    return index;
}

}  // namespace namegate::netlink

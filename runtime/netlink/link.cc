// SPDX-License-Identifier: Apache-2.0
#include "netlink/link.h"

#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "netlink/message.h"

namespace namegate::netlink {

namespace {

// Linux's <linux/if.h> cannot be included beside <net/if.h>.
constexpr std::uint8_t kOperUnknown = 0;
constexpr std::uint8_t kOperUp = 6;

using LinkAttributes = Attributes<ifinfomsg, IFLA_MAX>;

std::string kind_of(nlattr* link_info) {
    if (link_info == nullptr) {
        return {};
    }
    const nlattr* kind = nla_find(static_cast<const nlattr*>(nla_data(link_info)), nla_len(link_info), IFLA_INFO_KIND);
    if (kind == nullptr) {
        return {};
    }
    const std::string_view text(static_cast<const char*>(nla_data(kind)), static_cast<std::size_t>(nla_len(kind)));
    return std::string(text.substr(0, text.find('\0')));
}

std::optional<Link> read_link(nlmsghdr* message) {
    if (message->nlmsg_type != RTM_NEWLINK) {
        return std::nullopt;
    }
    const LinkAttributes attributes(message);
    if (!attributes.valid()) {
        return std::nullopt;
    }
    Link link;
    link.index = static_cast<std::uint32_t>(attributes.header().ifi_index);
    link.name = attributes.text(IFLA_IFNAME);
    link.alias = attributes.text(IFLA_IFALIAS);
    link.kind = kind_of(attributes.raw(IFLA_LINKINFO));
    link.mtu = attributes.u32(IFLA_MTU);
    if (attributes.has(IFLA_ADDRESS, link.mac.size())) {
        const auto* bytes = static_cast<const std::uint8_t*>(nla_data(attributes.raw(IFLA_ADDRESS)));
        std::copy(bytes, bytes + link.mac.size(), link.mac.begin());
    }
    link.up = (attributes.header().ifi_flags & static_cast<unsigned>(IFF_UP)) != 0;
    const std::uint8_t state = attributes.has(IFLA_OPERSTATE, 1) ? nla_get_u8(attributes.raw(IFLA_OPERSTATE)) : kOperUnknown;
    link.running = link.up && state == kOperUp;
    if (attributes.has(IFLA_LINK, sizeof(std::uint32_t))) {
        link.peer_index = attributes.u32(IFLA_LINK);
    }
    if (attributes.has(IFLA_LINK_NETNSID, sizeof(std::int32_t))) {
        link.peer_netns_id = nla_get_s32(attributes.raw(IFLA_LINK_NETNSID));
    }
    return link;
}

Result<Link> query_link(Socket& socket, nl_msg* message, const std::string& name) {
    std::optional<Link> found;
    const auto asked = socket.query(
        message, "looking up interface " + name, [&found] { found.reset(); },
        [&found](nlmsghdr* header) {
            if (auto link = read_link(header)) {
                found = std::move(link);
            }
        });
    if (!asked && asked.error().code() != Code::kNotFound) {
        return asked.error();
    }
    if (!found) {
        return Error(Code::kNotFound, "no interface " + name);
    }
    return std::move(*found);
}

Result<> run_deletion(Socket& socket, const Batch& batch) {
    auto result = socket.run(batch);
    return !result && result.error().code() == Code::kNotFound ? ok() : result;
}

}  // namespace

void append_veth(Batch& batch, const VethPair& pair) {
    const MessagePtr message = make_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    nl_msg* raw = message.get();
    const auto put_side = [raw, &pair](const std::string& name, const Mac& mac) {
        put_text(raw, IFLA_IFNAME, name);
        put_bytes(raw, IFLA_ADDRESS, mac.data(), mac.size());
        // One queue: the default is one per CPU, and a veth transmits without locks anyway.
        put_u32(raw, IFLA_NUM_TX_QUEUES, 1);
        put_u32(raw, IFLA_NUM_RX_QUEUES, 1);
        if (pair.mtu != 0) {
            put_u32(raw, IFLA_MTU, pair.mtu);
        }
    };
    put_header(raw, ifinfomsg{});
    put_side(pair.pod_name, pair.pod_mac);
    put_u32(raw, IFLA_NET_NS_FD, static_cast<std::uint32_t>(pair.pod_netns->fd()));
    {
        const Nest info(raw, IFLA_LINKINFO);
        put_text(raw, IFLA_INFO_KIND, "veth");
        const Nest data(raw, IFLA_INFO_DATA);
        const Nest peer(raw, VETH_INFO_PEER);
        put_header(raw, ifinfomsg{});
        put_side(pair.host_name, pair.host_mac);
    }
    batch.append(raw, "making the veth pair " + pair.pod_name + " and " + pair.host_name);
}

void append_link_up(Batch& batch, std::uint32_t index, std::string_view name) {
    const MessagePtr message = make_message(RTM_NEWLINK, 0);
    ifinfomsg header{};
    header.ifi_index = static_cast<int>(index);
    header.ifi_flags = IFF_UP;
    header.ifi_change = IFF_UP;
    put_header(message.get(), header);
    batch.append(message.get(), "setting interface " + std::string(name) + " up");
}

void append_link_down(Batch& batch, std::uint32_t index, std::string_view name) {
    const MessagePtr message = make_message(RTM_SETLINK, 0);
    ifinfomsg header{};
    header.ifi_index = static_cast<int>(index);
    header.ifi_change = IFF_UP;
    put_header(message.get(), header);
    batch.append(message.get(), "setting interface " + std::string(name) + " down");
}

void append_link_alias(Batch& batch, std::string_view name, std::string_view alias) {
    const MessagePtr message = make_message(RTM_SETLINK, 0);
    put_header(message.get(), ifinfomsg{});
    put_text(message.get(), IFLA_IFNAME, name);
    put_bytes(message.get(), IFLA_IFALIAS, alias.data(), alias.size());
    batch.append(message.get(), "setting the alias of interface " + std::string(name));
}

Result<Link> find_link(Socket& socket, std::string_view name) {
    const MessagePtr message = make_message(RTM_GETLINK, 0);
    put_header(message.get(), ifinfomsg{});
    put_text(message.get(), IFLA_IFNAME, name);
    return query_link(socket, message.get(), std::string(name));
}

Result<Link> find_link(Socket& socket, std::uint32_t index) {
    const MessagePtr message = make_message(RTM_GETLINK, 0);
    ifinfomsg header{};
    header.ifi_index = static_cast<int>(index);
    put_header(message.get(), header);
    return query_link(socket, message.get(), "number " + std::to_string(index));
}

Result<std::vector<Link>> list_links(Socket& socket) {
    const MessagePtr message = make_message(RTM_GETLINK, NLM_F_DUMP);
    put_header(message.get(), ifinfomsg{});
    std::vector<Link> links;
    NG_TRY(socket.query(
        message.get(), "listing interfaces", [&links] { links.clear(); },
        [&links](nlmsghdr* header) {
            if (auto link = read_link(header)) {
                links.push_back(std::move(*link));
            }
        }));
    return links;
}

Result<std::int32_t> netns_id(Socket& socket, const Netns& other) {
    const MessagePtr message = make_message(RTM_GETNSID, 0);
    rtgenmsg header{};
    header.rtgen_family = AF_UNSPEC;
    put_header(message.get(), header);
    put_u32(message.get(), NETNSA_FD, static_cast<std::uint32_t>(other.fd()));
    std::int32_t id = NETNSA_NSID_NOT_ASSIGNED;
    NG_TRY(socket.query(
        message.get(), "reading the id of a network namespace", [&id] { id = NETNSA_NSID_NOT_ASSIGNED; },
        [&id](nlmsghdr* answer) {
            const Attributes<rtgenmsg, NETNSA_MAX> attributes(answer);
            if (answer->nlmsg_type == RTM_NEWNSID && attributes.valid() && attributes.has(NETNSA_NSID, sizeof(id))) {
                id = nla_get_s32(attributes.raw(NETNSA_NSID));
            }
        }));
    if (id == NETNSA_NSID_NOT_ASSIGNED) {
        return Error(Code::kNotFound, "the network namespace has no id here");
    }
    return id;
}

Result<> delete_link(Socket& socket, std::string_view name) {
    const MessagePtr message = make_message(RTM_DELLINK, 0);
    put_header(message.get(), ifinfomsg{});
    put_text(message.get(), IFLA_IFNAME, name);
    Batch batch;
    batch.append(message.get(), "deleting interface " + std::string(name));
    return run_deletion(socket, batch);
}

Result<> delete_link(Socket& socket, std::uint32_t index) {
    const MessagePtr message = make_message(RTM_DELLINK, 0);
    ifinfomsg header{};
    header.ifi_index = static_cast<int>(index);
    put_header(message.get(), header);
    Batch batch;
    batch.append(message.get(), "deleting interface number " + std::to_string(index));
    return run_deletion(socket, batch);
}

bool link_exists(std::uint32_t index) {
    std::array<char, IF_NAMESIZE> name{};
    return ::if_indextoname(index, name.data()) != nullptr || errno != ENXIO;
}

}  // namespace namegate::netlink

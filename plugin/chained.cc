// SPDX-License-Identifier: Apache-2.0
#include "plugin/chained.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "cni/result.h"
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
        return not_a_veth(ifname, veth.pod.kind.empty() ? "is not a veth" : "is a " + veth.pod.kind + " device, not a veth");
    }
    auto host_link = netlink::find_link(outside, *veth.pod.peer_index);
    const auto pod_id = netlink::netns_id(outside, pod);
    // The index alone does not identify the peer: if that is in a third namespace, another veth here may have the same index.
    const bool is_peer =
        host_link && host_link->kind == "veth" && host_link->peer_index == veth.pod.index && pod_id && host_link->peer_netns_id == *pod_id;
    if (!is_peer) {
        return not_a_veth(ifname, "has its other side in a network namespace other than the host's");
    }
    veth.host = std::move(host_link).value();
    return veth;
}

namespace {

constexpr std::uint8_t kLinkLocalFirst = 0xfe;
constexpr std::uint8_t kLinkLocalSecond = 0x80;
constexpr std::uint8_t kLinkLocalMask = 0xc0;

bool is_link_local_v6(const IpAddress& address) {
    const IpAddress::Bytes& bytes = address.bytes();
    return !address.is_v4() && bytes[0] == kLinkLocalFirst && (bytes[1] & kLinkLocalMask) == kLinkLocalSecond;
}

Error wrong(const std::string& where, const std::string& why) { return {Code::kInvalidInput, "prevResult." + where + " " + why}; }

Result<std::vector<const cni::Json*>> list_of(const cni::Json& object, const char* key) {
    std::vector<const cni::Json*> out;
    const cni::Json* list = cni::find_member(object, key);
    if (list == nullptr) {
        return out;
    }
    if (!list->is_array() || list->size() > cni::kMaxResultEntries) {
        return wrong(key, "must be a list of at most " + std::to_string(cni::kMaxResultEntries) + " entries");
    }
    for (std::size_t i = 0; i < list->size(); ++i) {
        if (!(*list)[i].is_object()) {
            return wrong(std::string(key) + "[" + std::to_string(i) + "]", "must be an object");
        }
        out.push_back(&(*list)[i]);
    }
    return out;
}

// Is it the interface of this name in the container, not on the host?
Result<bool> is_of_container(const cni::Json& interface, const std::string& ifname) {
    NG_ASSIGN(const std::string name, cni::get_string(interface, "name"));
    NG_ASSIGN(const std::string sandbox, cni::get_string(interface, "sandbox"));
    return name == ifname && !sandbox.empty();
}

// An index that is not in the list, such as -1, counts as absent: the address then belongs to the container's interface.
Result<bool> belongs_to(const cni::Json& ip, const std::vector<const cni::Json*>& interfaces, const std::string& ifname) {
    const cni::Json* index = cni::find_member(ip, "interface");
    if (index == nullptr || !index->is_number_unsigned() || index->get<std::uint64_t>() >= interfaces.size()) {
        return true;
    }
    return is_of_container(*interfaces[index->get<std::size_t>()], ifname);
}

Result<PreviousInterface> read_interface(const cni::Json& prev_result, const std::string& ifname) {
    PreviousInterface out;
    NG_ASSIGN(const auto interfaces, list_of(prev_result, "interfaces"));
    for (const cni::Json* interface : interfaces) {
        NG_ASSIGN(const bool belongs, is_of_container(*interface, ifname));
        NG_ASSIGN(const std::string mac, cni::get_string(*interface, "mac"));
        if (belongs && !mac.empty() && !out.mac) {
            out.mac = mac_from_text(mac);
            if (!out.mac) {
                return wrong("interfaces", "has \"" + mac + "\" as mac of " + ifname + ", which is not a hardware address");
            }
        }
    }
    NG_ASSIGN(const auto ips, list_of(prev_result, "ips"));
    for (std::size_t i = 0; i < ips.size(); ++i) {
        NG_ASSIGN(const bool belongs, belongs_to(*ips[i], interfaces, ifname));
        if (!belongs) {
            continue;
        }
        NG_ASSIGN(const std::string text, cni::get_string(*ips[i], "address"));
        const auto address = IpAddress::parse(std::string_view(text).substr(0, text.find('/')));
        if (!address) {
            return wrong("ips[" + std::to_string(i) + "].address", "is invalid: " + address.error().message());
        }
        if (!is_link_local_v6(*address) && std::find(out.addresses.begin(), out.addresses.end(), *address) == out.addresses.end()) {
            out.addresses.push_back(*address);
        }
    }
    return out;
}

}  // namespace

cni::Outcome<PreviousInterface> read_previous(const cni::Json& prev_result, const std::string& ifname) {
    NG_ASSIGN(PreviousInterface previous, cni::with_code(read_interface(prev_result, ifname), ErrorCode::kInvalidConfig));
    if (previous.addresses.empty()) {
        return CniError(ErrorCode::kInvalidConfig, "prevResult has no address of interface " + ifname,
                        "the plugin before namegate must list the pod's addresses in ips: addresses on the interface itself are not "
                        "trusted, because a process in the pod can set them");
    }
    return previous;
}

}  // namespace namegate::plugin

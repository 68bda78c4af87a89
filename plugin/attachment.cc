// SPDX-License-Identifier: Apache-2.0
#include "plugin/attachment.h"

#include <array>

namespace namegate::plugin {

namespace {

using cni::CniError;
using cni::ErrorCode;

constexpr std::string_view kAliasMark = "namegate";
constexpr std::size_t kMaxAliasBytes = 255;

}  // namespace

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

std::string make_alias(const Owner& owner) {
    const std::string alias = std::string(kAliasMark) + " " + owner.network + " " + owner.container_id + " " + owner.ifname;
    return alias.size() <= kMaxAliasBytes ? alias : std::string();
}

std::optional<Owner> parse_alias(std::string_view alias) {
    std::array<std::string_view, 4> words;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::size_t space = alias.find(' ');
        const bool last = i + 1 == words.size();
        if (alias.empty() || last != (space == std::string_view::npos)) {
            return std::nullopt;
        }
        words[i] = alias.substr(0, space);
        alias.remove_prefix(last ? alias.size() : space + 1);
    }
    if (words[0] != kAliasMark) {
        return std::nullopt;
    }
    return Owner{std::string(words[1]), std::string(words[2]), std::string(words[3])};
}

}  // namespace namegate::plugin

// SPDX-License-Identifier: Apache-2.0
#include "endpoints/host_interface_alias.h"

#include <array>
#include <cstddef>

namespace namegate::endpoints {
namespace {

constexpr std::string_view kAliasMark = "namegate";
constexpr std::size_t kMaxAliasBytes = 255;

}  // namespace

std::string make_alias(const InterfaceOwner& owner) {
    const std::string alias = std::string(kAliasMark) + " " + owner.network + " " + owner.container_id + " " + owner.ifname;
    return alias.size() <= kMaxAliasBytes ? alias : std::string();
}

std::optional<InterfaceOwner> parse_alias(std::string_view alias) {
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
    return InterfaceOwner{std::string(words[1]), std::string(words[2]), std::string(words[3])};
}

}  // namespace namegate::endpoints

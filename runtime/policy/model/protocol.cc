// SPDX-License-Identifier: Apache-2.0
#include "policy/model/protocol.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace namegate::policy {
namespace {

struct ProtocolName {
    std::string_view name;
    std::uint8_t number;
};

constexpr std::array<ProtocolName, 6> kProtocols = {{{"TCP", kProtocolTcp},
                                                     {"UDP", kProtocolUdp},
                                                     {"ICMP", kProtocolIcmp},
                                                     {"ICMPv6", kProtocolIcmp6},
                                                     {"SCTP", kProtocolSctp},
                                                     {"UDPLite", kProtocolUdpLite}}};

}  // namespace

std::string protocol_name(std::uint8_t protocol) {
    const auto found =
        std::find_if(kProtocols.begin(), kProtocols.end(), [&](const ProtocolName& entry) { return entry.number == protocol; });
    return found == kProtocols.end() ? std::to_string(protocol) : std::string(found->name);
}

bool has_ports(std::uint8_t protocol) { return protocol == kProtocolTcp || protocol == kProtocolUdp || protocol == kProtocolSctp; }

std::optional<std::uint8_t> find_protocol(std::string_view text) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    const auto equal = [&](std::string_view name) {
        return std::equal(name.begin(), name.end(), text.begin(), text.end(), [&](char a, char b) { return lower(a) == lower(b); });
    };
    for (const ProtocolName& entry : kProtocols) {
        if (equal(entry.name)) {
            return entry.number;
        }
    }
    if (!text.empty() && text.front() == '+') {
        text.remove_prefix(1);
    }
    std::uint8_t number = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
    return status == std::errc() && end == text.data() + text.size() && number >= 1 ? std::optional(number) : std::nullopt;
}

std::vector<std::string_view> protocol_names() {
    std::vector<std::string_view> names;
    names.reserve(kProtocols.size());
    for (const ProtocolName& entry : kProtocols) {
        names.push_back(entry.name);
    }
    return names;
}

}  // namespace namegate::policy

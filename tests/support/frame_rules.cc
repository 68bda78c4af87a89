// SPDX-License-Identifier: Apache-2.0
//
// Random policies, and their text.
#include <algorithm>
#include <cstdio>

#include "support/frame_source.h"

namespace namegate::test {

namespace {

FrameAddress address(const char* text) { return FrameAddress::parse(text); }

std::string joined(const std::vector<std::string>& all) {
    std::string out;
    for (const std::string& one : all) {
        out += (out.empty() ? "" : ", ") + one;
    }
    return "[" + out + "]";
}

std::string protocol_of(std::uint8_t protocol) {
    switch (protocol) {
        case kTcp: return "TCP";
        case kUdp: return "UDP";
        case kIcmp: return "ICMP";
        case kIcmp6: return "ICMPv6";
        case kSctp: return "SCTP";
        case kUdpLite: return "UDPLite";
        default: return std::to_string(protocol);
    }
}

std::string text_of(const FrameAddress& address) {
    std::string wire(address.bytes.begin(), address.bytes.begin() + (address.v6 ? 16 : 4));
    char out[64];
    if (!address.v6) {
        return address.to_string();
    }
    std::string text;
    for (std::size_t i = 0; i < 16; i += 2) {
        std::snprintf(out, sizeof out, "%s%02x%02x", i == 0 ? "" : ":", address.bytes[i], address.bytes[i + 1]);
        text += out;
    }
    return text;
}

std::string written_rule(const FrameRule& rule, bool egress) {
    std::string out = std::string("{action: ") + (rule.allow ? "Allow" : "Deny");
    if (rule.protocol) {
        out += ", protocol: " + protocol_of(*rule.protocol);
    }
    if (rule.icmp_type) {
        out += ", icmp: {type: " + std::to_string(*rule.icmp_type) + "}";
    }
    std::vector<std::string> ports;
    for (const std::uint16_t port : rule.ports) {
        ports.push_back(std::to_string(port));
    }
    std::vector<std::string> nets;
    for (const FrameAddress& net : rule.nets) {
        nets.push_back("'" + text_of(net) + (net.v6 ? "/128'" : "/32'"));
    }
    std::vector<std::string> source;
    std::vector<std::string> destination;
    if (!nets.empty()) {
        (egress ? destination : source).push_back("nets: " + joined(nets));
    }
    if (!ports.empty()) {
        destination.push_back("ports: " + joined(ports));
    }
    if (!rule.domain.empty()) {
        destination.push_back("domains: [" + rule.domain + "]");
    }
    for (const auto& [name, fields] : {std::pair{", source: ", source}, std::pair{", destination: ", destination}}) {
        const std::string list = joined(fields);
        out += fields.empty() ? "" : name + ("{" + list.substr(1, list.size() - 2) + "}");
    }
    return out + "}";
}

}  // namespace

std::string written(const FrameRules& rules) {
    std::string out;
    for (std::size_t i = 0; i < 2; ++i) {
        const auto& policy = rules.direction.at(i);
        if (!policy) {
            continue;
        }
        const std::string direction = i == 0 ? "Egress" : "Ingress";
        const std::string list = i == 0 ? "egress" : "ingress";
        out += "---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata:\n  name: " + list + "\nspec:\n  types: [" +
               direction + "]\n  " + list + ":" + (policy->empty() ? " []\n" : "\n");
        for (const FrameRule& rule : *policy) {
            // Addresses of both families are not in one rule, nor those of one with the ICMP of the other.
            FrameRule part = rule;
            for (std::size_t at = 0; at < std::max<std::size_t>(1, rule.nets.size()); ++at) {
                part.nets = rule.nets.empty() ? rule.nets : std::vector{rule.nets[at]};
                const std::uint8_t other_icmp = part.nets.empty() ? 0 : part.nets[0].v6 ? kIcmp : kIcmp6;
                if (!part.nets.empty() && rule.protocol == other_icmp) {
                    continue;
                }
                out += "  - " + written_rule(part, i == 0) + "\n";
            }
        }
    }
    return out;
}

FrameRule FrameSource::egress_rule() {
    const std::vector<FrameAddress> good{address("192.0.2.1"), address("2001:db8::1")};
    const std::vector<FrameAddress> other{address("192.0.2.2"), address("2001:db8::2")};
    switch (below(13)) {
        case 0: return {true, kTcp, {}, {443}, good, ""};
        case 1: return {true, kTcp, {}, {443, 80}, {}, ""};
        case 2: return {true, kUdp, {}, {53}, {}, ""};
        case 3: return {true, kUdp, {}, {123}, good, ""};
        case 4: return {true, {}, {}, {}, good, ""};
        case 5: return {true, kIcmp, 8, {}, {}, ""};
        case 6: return {true, kIcmp6, 128, {}, {}, ""};
        case 7: return {true, pick({kIcmp, kIcmp6}), {}, {}, other, ""};
        case 8: return one_in(2) ? FrameRule{true, kSctp, {}, {443}, {}, ""} : FrameRule{true, kUdpLite, {}, {}, other, ""};
        case 9: return {true, std::uint8_t{47}, {}, {}, other, ""};
        case 10: return {true, kTcp, {}, {443}, {}, kKnownName};
        case 11: return {true, {}, {}, {}, {}, kKnownName};
        default: return {false, {}, {}, {}, pick({good, other}), ""};
    }
}

FrameRule FrameSource::ingress_rule() {
    const std::vector<FrameAddress> good{address("192.0.2.1"), address("2001:db8::1")};
    const std::vector<FrameAddress> other{address("192.0.2.2"), address("2001:db8::2")};
    switch (below(8)) {
        case 0: return {true, kTcp, {}, {50000}, good, ""};
        case 1: return {true, kUdp, {}, {50000, 16385}, {}, ""};
        case 2: return {true, {}, {}, {}, other, ""};
        case 3: return {true, pick({kIcmp, kIcmp6}), {}, {}, good, ""};
        case 4: return {true, kIcmp, 8, {}, {}, ""};
        case 5: return {true, kIcmp6, 128, {}, {}, ""};
        case 6: return {true, kSctp, {}, {}, {}, ""};
        default: return {false, {}, {}, {}, pick({good, other}), ""};
    }
}

FrameRules FrameSource::rules() {
    FrameRules out;
    out.closed = one_in(25);
    out.keep = one_in(4);
    out.reject = one_in(4);
    if (!one_in(6)) {
        FramePolicy policy;
        if (!one_in(3)) {
            policy.push_back({true, kUdp, {}, {53}, {}, ""});
        }
        for (std::uint64_t i = below(5); i != 0; --i) {
            policy.push_back(egress_rule());
        }
        out.direction[0] = policy;
    }
    if (!one_in(4)) {
        FramePolicy policy;
        for (std::uint64_t i = below(4); i != 0; --i) {
            policy.push_back(ingress_rule());
        }
        out.direction[1] = policy;
    }
    return out;
}

FrameRules FrameSource::change(FrameRules rules) {
    auto& policy = rules.direction.at(below(4) == 0 ? 1 : 0);
    rules.closed = false;
    if (!policy || policy->empty() || one_in(5)) {
        return this->rules();
    }
    if (one_in(2)) {
        policy->erase(policy->begin() + static_cast<std::ptrdiff_t>(below(policy->size())));
    } else {
        const bool egress = &policy == rules.direction.data();
        policy->insert(policy->begin() + static_cast<std::ptrdiff_t>(below(policy->size() + 1)), egress ? egress_rule() : ingress_rule());
    }
    return rules;
}

}  // namespace namegate::test

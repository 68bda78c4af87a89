// SPDX-License-Identifier: Apache-2.0
//
// Shorthand for the tests of the programs: policies of one kind, and frames from and to the pod.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "support/scene.h"

namespace namegate::test {

// A GlobalNetworkPolicy of one direction. Each rule is a map in flow style: "{action: Allow, protocol: TCP}".
inline std::string policy_of(std::string_view direction, std::initializer_list<std::string> rules, std::string_view name = "p",
                             std::string_view more = "") {
    const bool egress = direction == "Egress";
    std::string out = "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata:\n  name: " + std::string(name) +
                      "\nspec:\n  types: [" + std::string(direction) + "]\n" + std::string(more);
    out += egress ? "  egress:" : "  ingress:";
    out += rules.size() == 0 ? " []\n" : "\n";
    for (const std::string& rule : rules) {
        out += "  - " + rule + "\n";
    }
    return out;
}
inline std::string egress_policy(std::initializer_list<std::string> rules) { return policy_of("Egress", rules); }
inline std::string ingress_policy(std::initializer_list<std::string> rules) { return policy_of("Ingress", rules); }

inline const std::string kAllowDns = "{action: Allow, protocol: UDP, destination: {ports: ['53']}}";

// DNS to any destination, and these domain patterns (a flow-style list: "example.com, '*.example.org'").
inline std::string domain_policy(std::string_view domains) {
    return egress_policy({kAllowDns, "{action: Allow, destination: {domains: [" + std::string(domains) + "]}}"});
}

inline const char* pod_address(std::string_view remote) { return remote.find(':') == std::string_view::npos ? kPod4 : kPod6; }

inline Packet from_pod(std::string_view remote) { return Packet().ethernet().ip(pod_address(remote), remote); }
inline Packet to_pod(std::string_view remote) { return Packet().ethernet(kHostMac, kPodMac).ip(remote, pod_address(remote)); }

inline Bytes tcp_out(std::string_view remote, std::uint16_t port, std::uint8_t flags = kSyn, std::uint16_t local = 50000) {
    return from_pod(remote).tcp(local, port, flags).build();
}
inline Bytes tcp_in(std::string_view remote, std::uint16_t port, std::uint8_t flags, std::uint16_t local = 50000) {
    return to_pod(remote).tcp(port, local, flags).build();
}
inline Bytes udp_out(std::string_view remote, std::uint16_t port, std::uint16_t local = 50000) {
    return from_pod(remote).udp(local, port).payload("hello").build();
}
inline Bytes udp_in(std::string_view remote, std::uint16_t port, std::uint16_t local = 50000) {
    return to_pod(remote).udp(port, local).payload("hello").build();
}
inline Bytes icmp_out(std::string_view remote, std::uint8_t type, std::uint8_t code = 0, std::uint16_t identifier = 7) {
    return from_pod(remote).icmp(type, code, static_cast<std::uint32_t>(identifier) << 16 | 1).build();
}
inline Bytes icmp_in(std::string_view remote, std::uint8_t type, std::uint8_t code = 0, std::uint16_t identifier = 7) {
    return to_pod(remote).icmp(type, code, static_cast<std::uint32_t>(identifier) << 16 | 1).build();
}
// Any other protocol: its ports, where it has them, in the first four bytes.
inline Bytes other_out(std::string_view remote, std::uint8_t protocol, std::uint16_t port = 0, std::uint16_t local = 50000) {
    Bytes body(16, 0);
    body[0] = static_cast<std::uint8_t>(local >> 8);
    body[1] = static_cast<std::uint8_t>(local & 0xff);
    body[2] = static_cast<std::uint8_t>(port >> 8);
    body[3] = static_cast<std::uint8_t>(port & 0xff);
    return from_pod(remote).protocol(protocol).payload(body).build();
}

}  // namespace namegate::test

// SPDX-License-Identifier: Apache-2.0
// Rules about addresses and pods rather than names, through the kernel.
#include <catch2/catch.hpp>

#include "site.h"

using namespace namegate;
using namespace namegate::test;

namespace {

IpAddress ip(const char* text) { return *IpAddress::parse(text); }

bool connects(const Pod& pod, const char* address, Milliseconds most) { return connects_from(pod.netns, ip(address), kTcpPort, most); }

}  // namespace

TEST_CASE("pods with the same labels share no rule about the pod's own address") {
    Site site;
    const auto a = site.node.add({"a", "default", {{"app", "x"}}});
    const auto b = site.node.add({"b", "default", {{"app", "x"}}});
    site.node.write_policy("one.yaml",
                           "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: one}\nspec:\n  types: [Egress]\n"
                           "  egress:\n  - {action: Allow, source: {nets: [" +
                               b->v4.to_string() + "]}}\n");
    site.node.start_daemon();
    CHECK_FALSE(connects(*a, "198.18.0.1", kDenied));
    CHECK(connects(*b, "198.18.0.1", kBeforeRepeat));
    site.node.remove(*a);
    site.node.remove(*b);
}

TEST_CASE("a NetworkPolicy of Kubernetes is enforced") {
    Site site;
    site.node.write_policy(
        "k8s.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: k, namespace: default}\nspec:\n"
        "  podSelector: {matchLabels: {app: x}}\n  policyTypes: [Egress]\n  egress:\n"
        "  - to: [{ipBlock: {cidr: 198.18.0.0/24, except: [198.18.0.66/32]}}]\n    ports: [{port: 440, endPort: 450}]\n");
    const auto selected = site.node.add({"a", "default", {{"app", "x"}}});
    const auto other = site.node.add({"b", "default", {}});
    CHECK(connects(*selected, "198.18.0.1", kBeforeRepeat));
    CHECK_FALSE(connects(*selected, "198.18.0.66", kDenied));
    CHECK_FALSE(connects(*selected, "198.18.1.1", kDenied));
    CHECK_FALSE(echoes_from(selected->netns, ip("198.18.0.1"), kUdpPort, "k", kDenied));
    CHECK(connects(*other, "198.18.0.66", kBeforeRepeat));
    site.node.remove(*selected);
    site.node.remove(*other);
}

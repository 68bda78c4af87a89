// SPDX-License-Identifier: Apache-2.0
//
// What namegate knows of objects of the API server: a pod, a namespace, a service account, a Service, a part of a Service's endpoints.
// Values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/named_port.h"

namespace namegate::kubernetes {

using Labels = std::map<std::string, std::string, std::less<>>;

// kPods: those of this node. kPeers: pods of the cluster that rules of policies may select.
enum class Kind : std::uint8_t { kPods, kNamespaces, kServiceAccounts, kServices, kEndpointSlices, kPeers };
inline constexpr std::array kKinds = {Kind::kPods,     Kind::kNamespaces,     Kind::kServiceAccounts,
                                      Kind::kServices, Kind::kEndpointSlices, Kind::kPeers};
// Watched always, and as a whole. Of the others only what policies and settings need is watched.
inline constexpr std::array kBasicKinds = {Kind::kPods, Kind::kNamespaces, Kind::kServiceAccounts};

// For messages and the names of files: "serviceaccounts", "peers".
std::string_view to_string(Kind kind);
inline bool is_pod_kind(Kind kind) { return kind == Kind::kPods || kind == Kind::kPeers; }

struct ObjectName {
    std::string name_space;  // empty for a namespace
    std::string name;

    auto operator<=>(const ObjectName&) const = default;
};

// "shop/cart", or "shop" for a namespace.
std::string to_string(const ObjectName& name);

// What only a pod has.
struct PodFacts {
    std::string uid;
    // Of the mirror of a static pod: the UID under which kubelet runs it, which differs from `uid`. Empty for other pods.
    std::string static_uid;
    std::string service_account;  // empty: it has none
    Labels annotations;           // only for display; not all
    std::vector<NamedPort> ports;
    bool host_network = false;  // it uses the node's network
    bool running = false;       // its containers were started, and have not all ended
    // Of a peer only. No addresses: it has none of its own, because it uses the node's network, was not started yet, or has ended.
    std::string node{};
    std::vector<IpAddress> addresses{};

    bool operator==(const PodFacts&) const = default;
};

// What only a Service has.
struct ServicePort {
    std::string name;
    std::uint8_t protocol = 6;  // IP protocol number
    std::uint16_t port = 0;

    bool operator==(const ServicePort&) const = default;
};

struct ServiceFacts {
    std::vector<IpAddress> cluster;   // its own addresses; none for a headless Service
    std::vector<IpAddress> external;  // of its load balancers, and those that the node forwards for it
    std::vector<ServicePort> ports;

    bool operator==(const ServiceFacts&) const = default;
};

// What only an EndpointSlice has.
struct SliceEndpoint {
    std::vector<IpAddress> addresses;
    std::string pod;  // "shop/cart-1"; empty: it is no pod

    bool operator==(const SliceEndpoint&) const = default;
};

struct SliceFacts {
    // The slice exceeds a limit, or cannot be read: it may have any endpoints, of any Service of its namespace.
    bool unreadable = false;
    std::string service;                   // its name, in the namespace of the slice; empty: of none
    std::vector<ServicePort> ports;        // where the endpoints listen, by the names of the Service's ports
    std::vector<SliceEndpoint> endpoints;  // those that are ready

    bool operator==(const SliceFacts&) const = default;
};

struct Object {
    ObjectName name;
    Labels labels;
    std::optional<PodFacts> pod;            // exactly for a pod
    std::optional<ServiceFacts> service{};  // exactly for a Service
    std::optional<SliceFacts> slice{};      // exactly for an EndpointSlice

    bool operator==(const Object&) const = default;
};

// Whether a sandbox with this UID is one of this pod. A runtime that gives no UID (empty) is believed by the pod's name.
bool is_sandbox_of(const PodFacts& pod, std::string_view uid);

}  // namespace namegate::kubernetes

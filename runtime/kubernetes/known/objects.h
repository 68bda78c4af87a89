// SPDX-License-Identifier: Apache-2.0
//
// What namegate knows of objects of the API server: a pod, a namespace, a service account. Values.
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

#include "base/named_port.h"

namespace namegate::kubernetes {

using Labels = std::map<std::string, std::string, std::less<>>;

enum class Kind : std::uint8_t { kPods, kNamespaces, kServiceAccounts };
inline constexpr std::array kKinds = {Kind::kPods, Kind::kNamespaces, Kind::kServiceAccounts};

// The name in the paths of the API: "serviceaccounts".
std::string_view to_string(Kind kind);

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

    bool operator==(const PodFacts&) const = default;
};

struct Object {
    ObjectName name;
    Labels labels;
    std::optional<PodFacts> pod;  // exactly for a pod

    bool operator==(const Object&) const = default;
};

// Whether a sandbox with this UID is one of this pod. A runtime that gives no UID (empty) is believed by the pod's name.
bool is_sandbox_of(const PodFacts& pod, std::string_view uid);

}  // namespace namegate::kubernetes

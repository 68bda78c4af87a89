// SPDX-License-Identifier: Apache-2.0
//
// CNI_ARGS: "KEY=value;KEY=value". Unknown keys are ignored: they are meant for other plugins. A value type; parsing is
// pure.
#pragma once

#include <string>
#include <string_view>

#include "cni/cni_error.h"

namespace namegate::cni {

struct Args {
    std::string pod_namespace;  // K8S_POD_NAMESPACE
    std::string pod_name;       // K8S_POD_NAME
    std::string pod_uid;        // K8S_POD_UID

    bool is_kubernetes() const { return !pod_namespace.empty() && !pod_name.empty(); }
    bool operator==(const Args&) const = default;
};

// kInvalidEnvironment for a pair without exactly one '=', for a repeated key, and when only one of K8S_POD_NAMESPACE and
// K8S_POD_NAME is set.
Outcome<Args> parse_args(std::string_view text);

}  // namespace namegate::cni

// SPDX-License-Identifier: Apache-2.0
//
// All label providers. Constant data; safe from any thread.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "labels/cni_args/cni_args.h"
#include "labels/containerd/containerd.h"
#include "labels/files/files.h"
#include "labels/kubernetes/kubernetes.h"
#include "labels/names.h"
#include "labels/provider.h"

namespace namegate::labels {

struct Registration {
    std::string_view name;    // in `labelSources`
    bool default_for_pods;    // used for Kubernetes pods if the configuration lists none; `kubernetes` only where it is configured
    bool default_for_others;  // the same for all other containers
    std::unique_ptr<Provider> (*make)(const ProviderSettings& settings);
};

// In the default order. A new provider is one line here.
inline constexpr std::array kRegistrations = {
    Registration{kKubernetes, true, false, make_kubernetes},
    Registration{kContainerd, true, false, make_containerd},
    Registration{kCniArgs, true, true, make_cni_args},
    Registration{kFiles, true, true, make_files},
};
// For a Kubernetes pod or another container. `api_server`: an API server is configured.
std::vector<std::string> default_order(bool kubernetes, bool api_server);

}  // namespace namegate::labels

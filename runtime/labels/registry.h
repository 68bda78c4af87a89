// SPDX-License-Identifier: Apache-2.0
//
// Every provider of labels that there is. Constant data; safe from any thread.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "labels/cni_args/cni_args.h"
#include "labels/containerd/containerd.h"
#include "labels/files/files.h"
#include "labels/names.h"
#include "labels/provider.h"

namespace namegate::labels {

struct Registration {
    std::string_view name;    // in `labelSources`
    bool default_for_pods;    // asked when the configuration names none: for Kubernetes pods,
    bool default_for_others;  // for any other container
    std::unique_ptr<Provider> (*make)(const ProviderSettings& settings);
};

// In the order in which they are asked by default. A new provider is one line here.
inline constexpr std::array kRegistrations = {
    Registration{kContainerd, true, false, make_containerd},
    Registration{kCniArgs, true, true, make_cni_args},
    Registration{kFiles, true, true, make_files},
};
std::vector<std::string> default_order(bool kubernetes);

}  // namespace namegate::labels

// SPDX-License-Identifier: Apache-2.0
//
// Every provider of labels that there is. Constant data; safe from any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "labels/provider.h"

namespace namegate::labels {

inline constexpr std::string_view kCniArgs = "cni-args";
inline constexpr std::string_view kFiles = "files";
inline constexpr std::string_view kContainerd = "containerd";

struct Registration {
    std::string_view name;    // in `labelSources`
    bool default_for_pods;    // asked when the configuration names none: for Kubernetes pods,
    bool default_for_others;  // for any other container
    std::unique_ptr<Provider> (*make)(const ProviderSettings& settings);
};

// In the order in which they are asked by default.
const std::vector<Registration>& registrations();
std::vector<std::string> default_order(bool kubernetes);

}  // namespace namegate::labels

// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/known/objects.h"

namespace namegate::kubernetes {

std::string_view to_string(Kind kind) {
    constexpr std::array<std::string_view, kKinds.size()> kNames = {"pods",     "namespaces",     "serviceaccounts",
                                                                    "services", "endpointslices", "peers"};
    return kNames[static_cast<std::size_t>(kind)];
}

std::string to_string(const ObjectName& name) { return name.name_space.empty() ? name.name : name.name_space + "/" + name.name; }

bool is_sandbox_of(const PodFacts& pod, std::string_view uid) {
    return uid.empty() || uid == pod.uid || (!pod.static_uid.empty() && uid == pod.static_uid);
}

}  // namespace namegate::kubernetes

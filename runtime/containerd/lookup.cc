// SPDX-License-Identifier: Apache-2.0
#include "containerd/lookup.h"

#include <algorithm>

namespace namegate::containerd {

std::vector<Lookup> lookups(std::string_view configured_namespace, std::string_view container_id) {
    std::vector<Lookup> out;
    const auto add = [&out](std::string_view name_space, std::string_view id) {
        Lookup lookup{std::string(name_space), std::string(id)};
        if (!id.empty() && std::find(out.begin(), out.end(), lookup) == out.end()) {
            out.push_back(std::move(lookup));
        }
    };
    // The form of ctr comes first: an id that begins with the name of a namespace is hardly ever a sandbox id, because those
    // are hexadecimal.
    for (const std::string_view name_space : {configured_namespace, kKubernetesNamespace, kDefaultNamespace}) {
        const std::string prefix = std::string(name_space) + "-";
        if (container_id.substr(0, prefix.size()) == prefix) {
            add(name_space, container_id.substr(prefix.size()));
        }
    }
    for (const std::string_view name_space : {configured_namespace, kKubernetesNamespace, kDefaultNamespace}) {
        add(name_space, container_id);
    }
    return out;
}

}  // namespace namegate::containerd

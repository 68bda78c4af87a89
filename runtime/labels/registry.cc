// SPDX-License-Identifier: Apache-2.0
#include "labels/registry.h"

namespace namegate::labels {

std::vector<std::string> default_order(bool kubernetes, bool api_server) {
    std::vector<std::string> out;
    for (const Registration& one : kRegistrations) {
        if ((kubernetes ? one.default_for_pods : one.default_for_others) && (api_server || one.name != kKubernetes)) {
            out.emplace_back(one.name);
        }
    }
    return out;
}

}  // namespace namegate::labels

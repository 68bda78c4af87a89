// SPDX-License-Identifier: Apache-2.0
#include "labels/registry.h"

#include "labels/cni_args/cni_args.h"
#include "labels/containerd/containerd.h"
#include "labels/files/files.h"

namespace namegate::labels {

const std::vector<Registration>& registrations() {
    static const std::vector<Registration> all = {
        {kContainerd, true, false, make_containerd},
        {kCniArgs, true, true, make_cni_args},
        {kFiles, true, true, make_files},
    };
    return all;
}

std::vector<std::string> default_order(bool kubernetes) {
    std::vector<std::string> out;
    for (const Registration& one : registrations()) {
        if (kubernetes ? one.default_for_pods : one.default_for_others) {
            out.emplace_back(one.name);
        }
    }
    return out;
}

}  // namespace namegate::labels

// SPDX-License-Identifier: Apache-2.0
//
// The endpoints for which one policy is suggested: those of a namespace with the same labels, without the labels that differ between
// copies or versions of the same pod. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ctl/suggest/activity.h"
#include "policy/model/selector.h"

namespace namegate::ctl {

struct Subject {
    std::string name_space;
    policy::Labels labels;
    std::string selector;  // that matches these endpoints and no others that are known; empty: there is none
    std::string policy_name;
    std::vector<std::string> endpoints;
};

// Sorted by namespace and labels.
std::vector<Subject> subjects_of(const Activity& activity);

// Whether the label stays the same over copies and versions of a pod: no label of Kubernetes or the runtime, no version.
bool names_the_workload(std::string_view key);

}  // namespace namegate::ctl

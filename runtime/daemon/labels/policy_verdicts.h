// SPDX-License-Identifier: Apache-2.0
//
// What the cluster is told of the policy objects that this node reads. Pure.
#pragma once

#include <vector>

#include "kubernetes/client/policy_reports.h"
#include "policy/documents/policy_store.h"

namespace namegate::daemon {

// Leaves out files, and objects that are not read yet.
kubernetes::PolicyReports::Verdicts verdicts_of(const std::vector<policy::FileStatus>& files);

}  // namespace namegate::daemon

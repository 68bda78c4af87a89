// SPDX-License-Identifier: Apache-2.0
//
// Which labels of an endpoint nobody wrote on the pod: those that namegate derives (S5), and those that Kubernetes and the runtime
// add. Pure; safe from any thread.
#pragma once

#include <string_view>

namespace namegate::policy {

bool is_system_label(std::string_view key);

}  // namespace namegate::policy

// SPDX-License-Identifier: Apache-2.0
//
// Translates Kubernetes' label selectors to selectors. Reports problems to the cursor's context. Pure otherwise.
#pragma once

#include <optional>

#include "policy/documents/cursor.h"
#include "policy/model/selector.h"

namespace namegate::policy {

// {}: selects everything. Nothing: it has an error.
std::optional<Selector> decode_label_selector(const Cursor& selector);
// The same for pods: selects nothing else, such as sets. An absent selector is the same as {}. `where`: the place of an error.
std::optional<Selector> decode_pod_selector(const Cursor& where, const std::optional<Cursor>& selector);

}  // namespace namegate::policy

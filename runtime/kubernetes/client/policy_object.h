// SPDX-License-Identifier: Apache-2.0
//
// Makes a document of a policy object: what the validator reads, without what a cluster writes into objects and changes often. The
// object comes from outside; the caller limits its bytes and depth before it parses (json_text.h). Pure.
#pragma once

#include <cstddef>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "kubernetes/client/policy_groups.h"
#include "kubernetes/known/objects.h"

namespace namegate::kubernetes {

inline constexpr std::size_t kMaxNamespaceName = 63;

// kInvalidInput: it has no name, or one that an API server does not accept.
Result<ObjectName> policy_name(const PolicyKind& kind, const nlohmann::json& object);
// "api:networking.k8s.io/v1/networkpolicies/shop/deny"
std::string policy_path(const PolicyGroup& group, const PolicyKind& kind, const ObjectName& name);
// Whether the object is one of another group in this group's clothes, which that group counts.
bool is_foreign(const PolicyGroup& group, const ObjectName& name);
// JSON. kInvalidInput: the object is not what its group stores.
Result<std::string> policy_text(const PolicyGroup& group, const PolicyKind& kind, const nlohmann::json& object);

}  // namespace namegate::kubernetes

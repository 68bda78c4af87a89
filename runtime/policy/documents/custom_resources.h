// SPDX-License-Identifier: Apache-2.0
//
// Writes the tables of schema.h as definitions of custom resources (apiextensions.k8s.io/v1) in the group policy.namegate.dev/v1, which
// has the kinds of Calico's group. The API server keeps fields that it does not know, so that the validator refuses them by name: to
// leave a misspelt field of a rule out would make the rule match more. Pure.
#pragma once

#include <string>
#include <string_view>

namespace namegate::policy {

// "globalnetworkpolicies": the name of a kind in the paths of the API.
std::string resource_name(std::string_view kind);

// Returns YAML, one document for each kind; it is always the same.
std::string custom_resources();

}  // namespace namegate::policy

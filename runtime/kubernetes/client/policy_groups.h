// SPDX-License-Identifier: Apache-2.0
//
// The groups of the API whose objects are policies. Constant data and values; safe from any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace namegate::kubernetes {

// A kind of policy object.
struct PolicyKind {
    std::string_view resource;  // "networkpolicies", as in the paths of the API
    std::string_view kind;
    bool namespaced = true;
};

// How the objects of a group become documents.
enum class PolicyForm {
    kAsServed,
    kAsCalico,        // the documents have Calico's version
    kStoredByCalico,  // the same, from what Calico stores behind its API
};

struct PolicyGroup {
    std::string_view version;  // "networking.k8s.io/v1"
    std::span<const PolicyKind> kinds;
    PolicyForm form = PolicyForm::kAsServed;
    bool has_status = false;  // namegate writes the status of its objects
};

// What policySources names.
struct PolicySourceSpec {
    std::string_view name;                // "calico"
    std::span<const PolicyGroup> groups;  // of the same objects; the first that the server has counts
};

std::span<const PolicySourceSpec> all_policy_sources();
// Null: there is none.
const PolicySourceSpec* find_policy_source(std::string_view name);

// "api:networking.k8s.io/v1/networkpolicies/"
std::string folder_of(const PolicyGroup& group, const PolicyKind& kind);

}  // namespace namegate::kubernetes

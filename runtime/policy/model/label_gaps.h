// SPDX-License-Identifier: Apache-2.0
//
// The labels that namegate adds to those of a pod (S5), and which labels of a Kubernetes pod no source knows (S8). An
// unknown label may exist or not, so a selector that depends on it is neither true nor false. Plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace namegate::policy {

inline constexpr std::string_view kLabelNamespace = "projectcalico.org/namespace";
inline constexpr std::string_view kLabelServiceAccount = "projectcalico.org/serviceaccount";
inline constexpr std::string_view kLabelOrchestrator = "projectcalico.org/orchestrator";
inline constexpr std::string_view kLabelName = "projectcalico.org/name";
inline constexpr std::string_view kNamespacePrefix = "pcns.";
inline constexpr std::string_view kServiceAccountPrefix = "pcsa.";

// Ordered, so that the smaller of two is their AND and the greater is their OR.
enum class Truth : std::uint8_t { kFalse, kUnknown, kTrue };

inline Truth truth(bool value) { return value ? Truth::kTrue : Truth::kFalse; }

struct LabelGaps {
    bool own = false;             // the pod's own labels
    bool name_space = false;      // the labels of its namespace, whose name is known
    bool account = false;         // which service account it has
    bool account_labels = false;  // the labels of the service account

    bool any() const { return own || name_space || account || account_labels; }
    // Whether the endpoint may have a label that is not among its known ones.
    bool may_have(std::string_view label) const;
    auto operator<=>(const LabelGaps&) const = default;
};

}  // namespace namegate::policy

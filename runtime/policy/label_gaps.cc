// SPDX-License-Identifier: Apache-2.0
#include "policy/label_gaps.h"

namespace namegate::policy {
namespace {

bool has_prefix(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

}  // namespace

bool LabelGaps::may_have(std::string_view label) const {
    if (has_prefix(label, kNamespacePrefix)) {
        return name_space && label.substr(kNamespacePrefix.size()) != kLabelName;
    }
    if (label == kLabelServiceAccount ||
        (has_prefix(label, kServiceAccountPrefix) && label.substr(kServiceAccountPrefix.size()) == kLabelName)) {
        return account;
    }
    if (has_prefix(label, kServiceAccountPrefix)) {
        return account_labels;
    }
    return own && label != kLabelNamespace && label != kLabelOrchestrator;
}

}  // namespace namegate::policy

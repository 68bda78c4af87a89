// SPDX-License-Identifier: Apache-2.0
#include "policy/model/label_gaps.h"

namespace namegate::policy {

bool LabelGaps::may_have(std::string_view label) const {
    if (label.starts_with(kNamespacePrefix)) {
        return name_space && label.substr(kNamespacePrefix.size()) != kLabelName;
    }
    if (label == kLabelServiceAccount ||
        (label.starts_with(kServiceAccountPrefix) && label.substr(kServiceAccountPrefix.size()) == kLabelName)) {
        return account;
    }
    if (label.starts_with(kServiceAccountPrefix)) {
        return account_labels;
    }
    return own && label != kLabelNamespace && label != kLabelOrchestrator;
}

}  // namespace namegate::policy

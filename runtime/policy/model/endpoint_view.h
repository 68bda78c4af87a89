// SPDX-License-Identifier: Apache-2.0
//
// What policies need to know of an endpoint, and its effective labels (S5). Plain values.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "policy/model/label_gaps.h"
#include "policy/model/selector.h"
#include "policy/model/snapshot.h"

namespace namegate::policy {

// What selectors see of an endpoint: its labels, and which labels are unknown.
struct SeenLabels {
    const Labels* labels = nullptr;
    LabelGaps gaps;
};

struct EndpointView {
    std::string name_space;  // empty for a container without a pod
    std::string pod;
    std::string service_account;  // empty: that of the Pod document, if there is one
    Labels labels;                // the pod's own
    bool is_kubernetes = false;
    // Whether to add the labels of the Pod document with this namespace and name. `labels` take precedence over them.
    bool use_pod_document = true;
    // Whether a source knows the pod, so that `labels` is complete. A Pod document that is used counts too.
    bool labels_known = false;
    // Not empty: a label source that has not replied yet may know more labels. The text says which source.
    std::string labels_missing;
    // Why a source that should know the namespace and the service account does not. Empty: only documents know them.
    std::string objects_missing;
    // Unknown labels count as absent (unknownLabels: Absent).
    bool unknown_is_absent = false;
    std::vector<IpAddress> addresses;
    // The labels of its namespace and of its service account, from a source that knows them. Null: those of the document, if there is one.
    std::shared_ptr<const Labels> namespace_labels;
    std::shared_ptr<const Labels> account_labels;
    // Whether a source knows which service account the pod has, so that an empty one means none.
    bool account_known = false;
    // The names of its ports, from its sources. None: those of the Pod document that it uses.
    std::optional<std::vector<NamedPort>> ports;
    // The stored results of effective_labels() and label_gaps() under the snapshot in use; null: not calculated yet.
    std::shared_ptr<const Labels> effective;
    LabelGaps gaps;
};

Labels effective_labels(const EndpointView& endpoint, const Snapshot& snapshot);

// Returns which labels no source knows. A container without a pod has no such gaps, unless labels_missing is set.
LabelGaps label_gaps(const EndpointView& endpoint, const Snapshot& snapshot);

// Returns the labels that selectors see of a set: its own and those of its namespace.
Labels effective_labels(const NetworkSet& set, const Snapshot& snapshot);
// Whether the effective labels are exactly the set's own.
bool has_own_labels_only(const NetworkSet& set);

// Returns the given service account, or that of the Pod document; empty if unknown.
std::string service_account_of(const EndpointView& endpoint, const Snapshot& snapshot);

// The names of its ports.
std::vector<NamedPort> ports_of(const EndpointView& endpoint, const Snapshot& snapshot);

// Returns the Pod document, if the endpoint uses one, or null. Valid as long as the snapshot.
const PodDocument* pod_document_of(const EndpointView& endpoint, const Snapshot& snapshot);

}  // namespace namegate::policy

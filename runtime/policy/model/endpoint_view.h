// SPDX-License-Identifier: Apache-2.0
//
// What policy needs to know of an endpoint, and the labels it has in the end (S5). Plain values.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "policy/model/label_gaps.h"
#include "policy/model/selector.h"
#include "policy/model/snapshot.h"

namespace namegate::policy {

// What selectors see of an endpoint: its labels, and which of them are not known.
struct SeenLabels {
    const Labels* labels = nullptr;
    LabelGaps gaps;
};

struct EndpointView {
    std::string name_space;  // empty: a container without a pod
    std::string pod;
    std::string service_account;  // empty: that of the pod's document, if any
    Labels labels;                // the pod's own
    bool is_kubernetes = false;
    // Also take the labels of a dropped-in Pod document of this namespace and name; those above win.
    bool use_pod_document = true;
    // Does a source know the pod, so that `labels` are all of its own? A Pod document that is used does, too.
    bool labels_known = false;
    // Not empty: a source may know labels that are not here yet; this is what is waited for.
    std::string labels_missing;
    // What is not known about a pod counts as absent: unknownLabels: Absent.
    bool unknown_is_absent = false;
    std::vector<IpAddress> addresses;
    // What effective_labels() says under the snapshot in question, for who asks often; null: not asked yet.
    std::shared_ptr<const Labels> effective;
    LabelGaps gaps;  // beside them, what label_gaps() says
};

Labels effective_labels(const EndpointView& endpoint, const Snapshot& snapshot);

// What no source knows about it; nothing of a container that is no pod.
LabelGaps label_gaps(const EndpointView& endpoint, const Snapshot& snapshot);

// The labels that selectors see of a set: its own, and those of its namespace.
Labels effective_labels(const NetworkSet& set, const Snapshot& snapshot);
// Are they just the set's own?
bool has_own_labels_only(const NetworkSet& set);

// Given, or of the pod's document; empty when unknown.
std::string service_account_of(const EndpointView& endpoint, const Snapshot& snapshot);

// The dropped-in document of its pod, where it goes by that; or null. Lives as long as the snapshot.
const PodDocument* pod_document_of(const EndpointView& endpoint, const Snapshot& snapshot);

}  // namespace namegate::policy

// SPDX-License-Identifier: Apache-2.0
#include "policy/model/endpoint_view.h"

#include <algorithm>

namespace namegate::policy {
namespace {

constexpr std::string_view kNamespaceNameLabel = "kubernetes.io/metadata.name";

bool has_prefix(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

// Labels that namegate sets. A pod must not set them itself: it could claim to be in another namespace.
bool is_reserved(std::string_view key) {
    return has_prefix(key, kNamespacePrefix) || has_prefix(key, kServiceAccountPrefix) || key == kLabelNamespace ||
           key == kLabelServiceAccount || key == kLabelOrchestrator;
}

void add_own(Labels& out, const Labels& own) {
    for (const auto& label : own) {
        if (!is_reserved(label.first)) {
            out.insert(label);
        }
    }
}

void add_prefixed(Labels& out, std::string_view prefix, const Labels& labels) {
    for (const auto& label : labels) {
        out[std::string(prefix) + label.first] = label.second;
    }
}

// Null: not known.
const Labels* namespace_labels_of(const EndpointView& endpoint, const Snapshot& snapshot) {
    const NamespaceDocument* document = endpoint.namespace_labels ? nullptr : snapshot.find_namespace(endpoint.name_space);
    return document == nullptr ? endpoint.namespace_labels.get() : &document->labels;
}

// Null: not known.
const Labels* account_labels_of(const EndpointView& endpoint, const std::string& account, const Snapshot& snapshot) {
    const ServiceAccountDocument* document =
        endpoint.account_labels ? nullptr : snapshot.find_service_account(endpoint.name_space, account);
    return document == nullptr ? endpoint.account_labels.get() : &document->labels;
}

// `labels`: those of the namespace, or null.
void add_namespace(Labels& out, const std::string& name, const Labels* labels) {
    if (name.empty()) {
        return;
    }
    if (labels != nullptr) {
        add_prefixed(out, kNamespacePrefix, *labels);
    }
    // The API server sets this label on every namespace and it cannot be changed. A document without it, or with another
    // value, must not remove pods from a policy.
    out[std::string(kNamespacePrefix).append(kNamespaceNameLabel)] = name;
    out[std::string(kLabelNamespace)] = name;
    out[std::string(kNamespacePrefix).append(kLabelName)] = name;
}

}  // namespace

const PodDocument* pod_document_of(const EndpointView& endpoint, const Snapshot& snapshot) {
    return endpoint.use_pod_document ? snapshot.find_pod(endpoint.name_space, endpoint.pod) : nullptr;
}

std::vector<NamedPort> ports_of(const EndpointView& endpoint, const Snapshot& snapshot) {
    if (endpoint.ports) {
        return *endpoint.ports;
    }
    const PodDocument* document = pod_document_of(endpoint, snapshot);
    return document == nullptr ? std::vector<NamedPort>() : document->ports;
}

std::string service_account_of(const EndpointView& endpoint, const Snapshot& snapshot) {
    const PodDocument* document = endpoint.service_account.empty() ? pod_document_of(endpoint, snapshot) : nullptr;
    return document == nullptr ? endpoint.service_account : document->service_account;
}

Labels effective_labels(const EndpointView& endpoint, const Snapshot& snapshot) {
    if (endpoint.effective) {
        return *endpoint.effective;
    }
    Labels out;
    add_own(out, endpoint.labels);
    // A source that has not replied yet may have another value for the same key.
    if (endpoint.labels_missing.empty()) {
        if (const PodDocument* document = pod_document_of(endpoint, snapshot)) {
            add_own(out, document->labels);
        }
    }
    add_namespace(out, endpoint.name_space, namespace_labels_of(endpoint, snapshot));
    if (const std::string account = service_account_of(endpoint, snapshot); !account.empty()) {
        if (const Labels* labels = account_labels_of(endpoint, account, snapshot)) {
            add_prefixed(out, kServiceAccountPrefix, *labels);
        }
        out[std::string(kLabelServiceAccount)] = account;
        out[std::string(kServiceAccountPrefix).append(kLabelName)] = account;
    }
    out[std::string(kLabelOrchestrator)] = endpoint.is_kubernetes ? "k8s" : "cni";
    return out;
}

LabelGaps label_gaps(const EndpointView& endpoint, const Snapshot& snapshot) {
    if (endpoint.effective) {
        return endpoint.gaps;
    }
    LabelGaps gaps;
    gaps.own = !endpoint.labels_missing.empty();
    if (!endpoint.is_kubernetes || endpoint.unknown_is_absent) {
        return gaps;
    }
    const PodDocument* pod = pod_document_of(endpoint, snapshot);
    gaps.own = gaps.own || (!endpoint.labels_known && pod == nullptr);
    gaps.name_space = namespace_labels_of(endpoint, snapshot) == nullptr;
    const std::string account = service_account_of(endpoint, snapshot);
    gaps.account = account.empty() && pod == nullptr && !endpoint.account_known;
    gaps.account_labels = gaps.account || (!account.empty() && account_labels_of(endpoint, account, snapshot) == nullptr);
    return gaps;
}

bool has_own_labels_only(const NetworkSet& set) {
    return set.name_space.empty() &&
           std::none_of(set.labels.begin(), set.labels.end(), [](const auto& label) { return is_reserved(label.first); });
}

Labels effective_labels(const NetworkSet& set, const Snapshot& snapshot) {
    Labels out;
    add_own(out, set.labels);
    const NamespaceDocument* document = snapshot.find_namespace(set.name_space);
    add_namespace(out, set.name_space, document == nullptr ? nullptr : &document->labels);
    return out;
}

}  // namespace namegate::policy

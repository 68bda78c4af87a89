// SPDX-License-Identifier: Apache-2.0
#include "policy/endpoint_view.h"

#include <algorithm>

namespace namegate::policy {
namespace {

bool has_prefix(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

// A pod must not give itself the labels that we give: they would let it pose as one of another namespace.
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

void add_namespace(Labels& out, const std::string& name, const Snapshot& snapshot) {
    if (name.empty()) {
        return;
    }
    if (const NamespaceDocument* document = snapshot.find_namespace(name)) {
        add_prefixed(out, kNamespacePrefix, document->labels);
    }
    out[std::string(kLabelNamespace)] = name;
    out[std::string(kNamespacePrefix).append(kLabelName)] = name;
}

}  // namespace

const PodDocument* find_pod(const Snapshot& snapshot, std::string_view name_space, std::string_view name) {
    return snapshot.find_pod(name_space, name);
}

std::string service_account_of(const EndpointView& endpoint, const Snapshot& snapshot) {
    if (!endpoint.service_account.empty() || !endpoint.use_pod_document) {
        return endpoint.service_account;
    }
    const PodDocument* document = snapshot.find_pod(endpoint.name_space, endpoint.pod);
    return document == nullptr ? "" : document->service_account;
}

Labels effective_labels(const EndpointView& endpoint, const Snapshot& snapshot) {
    if (endpoint.effective) {
        return *endpoint.effective;
    }
    Labels out;
    add_own(out, endpoint.labels);
    if (endpoint.use_pod_document) {
        if (const PodDocument* document = snapshot.find_pod(endpoint.name_space, endpoint.pod)) {
            add_own(out, document->labels);
        }
    }
    add_namespace(out, endpoint.name_space, snapshot);
    if (const std::string account = service_account_of(endpoint, snapshot); !account.empty()) {
        if (const ServiceAccountDocument* document = snapshot.find_service_account(endpoint.name_space, account)) {
            add_prefixed(out, kServiceAccountPrefix, document->labels);
        }
        out[std::string(kLabelServiceAccount)] = account;
        out[std::string(kServiceAccountPrefix).append(kLabelName)] = account;
    }
    out[std::string(kLabelOrchestrator)] = endpoint.is_kubernetes ? "k8s" : "cni";
    return out;
}

bool has_own_labels_only(const NetworkSet& set) {
    return set.name_space.empty() &&
           std::none_of(set.labels.begin(), set.labels.end(), [](const auto& label) { return is_reserved(label.first); });
}

Labels effective_labels(const NetworkSet& set, const Snapshot& snapshot) {
    Labels out;
    add_own(out, set.labels);
    add_namespace(out, set.name_space, snapshot);
    return out;
}

}  // namespace namegate::policy

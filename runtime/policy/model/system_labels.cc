// SPDX-License-Identifier: Apache-2.0
#include "policy/model/system_labels.h"

#include <algorithm>
#include <array>

#include "policy/model/label_gaps.h"

namespace namegate::policy {

namespace {

constexpr std::array<std::string_view, 4> kPrefixes = {kNamespacePrefix, kServiceAccountPrefix, "io.kubernetes.", "io.cri-containerd."};
// Each with the domains below it.
constexpr std::array<std::string_view, 3> kDomains = {"projectcalico.org", "kubernetes.io", "k8s.io"};
// People write these labels: Kubernetes recommends them.
constexpr std::string_view kRecommended = "app.kubernetes.io";
// Set by the controllers of Kubernetes, and without a domain for historical reasons.
constexpr std::array<std::string_view, 5> kOfControllers = {"pod-template-hash", "controller-revision-hash", "pod-template-generation",
                                                            "controller-uid", "job-name"};

bool is_below(std::string_view domain, std::string_view parent) {
    return domain == parent ||
           (domain.ends_with(parent) && domain.size() > parent.size() && domain[domain.size() - parent.size() - 1] == '.');
}

}  // namespace

bool is_system_label(std::string_view key) {
    if (std::any_of(kPrefixes.begin(), kPrefixes.end(), [key](std::string_view prefix) { return key.starts_with(prefix); })) {
        return true;
    }
    const std::size_t slash = key.find('/');
    if (slash == std::string_view::npos) {
        return std::find(kOfControllers.begin(), kOfControllers.end(), key) != kOfControllers.end();
    }
    const std::string_view domain = key.substr(0, slash);
    return domain != kRecommended &&
           std::any_of(kDomains.begin(), kDomains.end(), [domain](std::string_view parent) { return is_below(domain, parent); });
}

}  // namespace namegate::policy

// SPDX-License-Identifier: Apache-2.0
//
// Everything that selection and compile() read of the endpoint for which a policy is compiled. Endpoints with equal facts
// have the same compiled policy under the same snapshot and the same other endpoints, so the facts are also the key by
// which they share it. The comparison is defaulted: a new field becomes part of the key. Plain values.
#pragma once

#include <compare>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/ip.h"
#include "policy/model/endpoint_view.h"
#include "policy/model/rule_terms.h"
#include "policy/model/snapshot.h"

namespace namegate::policy {

// Immutable labels that several owners share. Comparing an object with a copy of itself does not read the labels.
class SharedLabels {
  public:
    SharedLabels() : SharedLabels(std::make_shared<const Labels>()) {}
    explicit SharedLabels(std::shared_ptr<const Labels> labels) : labels_(std::move(labels)) {}

    const Labels& operator*() const { return *labels_; }
    bool operator==(const SharedLabels& other) const { return labels_ == other.labels_ || *labels_ == *other.labels_; }
    std::strong_ordering operator<=>(const SharedLabels& other) const {
        return labels_ == other.labels_ ? std::strong_ordering::equal : *labels_ <=> *other.labels_;
    }

  private:
    std::shared_ptr<const Labels> labels_;  // never null
};

struct EndpointFacts {
    Direction direction = Direction::kEgress;
    // Evaluates as if the staged policies were enforced: those with the action Set replace, and those with Delete remove,
    // the policy of their kind, namespace and name. For reports only.
    bool preview = false;
    LabelGaps gaps;
    std::string name_space;
    SharedLabels labels;               // the effective labels (S5), including the name of the service account
    std::vector<NamedPort> ports;      // their names; empty if no rule of the direction names a port on its own side
    std::vector<IpAddress> addresses;  // empty if no rule of the direction depends on an address on its own side

    // Must not outlive this object.
    SeenLabels seen() const { return {&*labels, gaps}; }
    auto operator<=>(const EndpointFacts&) const = default;
};

EndpointFacts facts_of(const Snapshot& snapshot, const EndpointView& endpoint, Direction direction, bool preview = false);

}  // namespace namegate::policy

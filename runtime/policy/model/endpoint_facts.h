// SPDX-License-Identifier: Apache-2.0
//
// All that selection and compile() read of the endpoint that a policy is compiled for, as one value. Endpoints with equal
// facts have the same compiled policy under the same snapshot and the same other endpoints, so the value is also the key by
// which they share it. A field that is added here becomes part of the key by itself. Plain values.
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

// Labels that several hold and nobody changes. The same object is equal to itself without a look inside.
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
    // As if the staged policies were enforced: those that Set replace, those that Delete remove, the policy of their
    // kind, namespace and name. For reports only.
    bool preview = false;
    LabelGaps gaps;
    std::string name_space;
    SharedLabels labels;               // effective ones (S5), the service account's name among them
    std::vector<NamedPort> ports;      // of its Pod document; none when no rule of the direction names a port on its own side
    std::vector<IpAddress> addresses;  // none when no rule of the direction looks at one on its own side

    // Lives no longer than this.
    SeenLabels seen() const { return {&*labels, gaps}; }
    auto operator<=>(const EndpointFacts&) const = default;
};

EndpointFacts facts_of(const Snapshot& snapshot, const EndpointView& endpoint, Direction direction, bool preview = false);

}  // namespace namegate::policy

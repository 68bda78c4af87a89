// SPDX-License-Identifier: Apache-2.0
#include "policy/model/endpoint_facts.h"

namespace namegate::policy {

EndpointFacts facts_of(const Snapshot& snapshot, const EndpointView& endpoint, Direction direction, bool preview) {
    EndpointFacts out;
    out.direction = direction;
    out.preview = preview;
    out.gaps = label_gaps(endpoint, snapshot);
    out.name_space = endpoint.name_space;
    out.labels =
        SharedLabels(endpoint.effective ? endpoint.effective : std::make_shared<const Labels>(effective_labels(endpoint, snapshot)));
    const OwnSide own = snapshot.own_side(direction);
    if (own.port_names) {
        out.ports = ports_of(endpoint, snapshot);
    }
    if (own.addresses) {
        out.addresses = endpoint.addresses;
    }
    return out;
}

}  // namespace namegate::policy

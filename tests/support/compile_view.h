// SPDX-License-Identifier: Apache-2.0
//
// Selection and compiling for tests that have an endpoint's view and not its facts.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "policy/compiler/compile.h"

namespace namegate::policy::test {

// A Kubernetes pod whose labels are known.
inline EndpointView pod_view(const std::string& name_space, const std::string& name, Labels labels, const std::string& address) {
    EndpointView out;
    out.name_space = name_space;
    out.pod = name;
    out.labels = std::move(labels);
    out.is_kubernetes = true;
    out.labels_known = true;
    out.addresses = {*IpAddress::parse(address)};
    return out;
}

inline Result<bool> selects_view(const Snapshot& snapshot, const EndpointView& view, Direction direction) {
    return selects(snapshot, facts_of(snapshot, view, direction), view);
}

// `others` may contain `self`, which is one of the node's endpoints in any case.
inline Result<CompiledPolicy> compile_view(const Snapshot& snapshot, const EndpointView& self, Direction direction,
                                           std::span<const EndpointView> others = {}, bool preview = false,
                                           TlsNames tls_names = TlsNames::kOff) {
    std::vector<EndpointView> endpoints(others.begin(), others.end());
    if (std::none_of(others.begin(), others.end(), [&self](const EndpointView& other) { return &other == &self; })) {
        endpoints.push_back(self);
    }
    return compile(snapshot, facts_of(snapshot, self, direction, preview), endpoints, tls_names);
}

}  // namespace namegate::policy::test

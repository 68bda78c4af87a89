// SPDX-License-Identifier: Apache-2.0
//
// Selection and compiling for tests that have an endpoint's view and not its facts.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "policy/compiler/compile.h"

namespace namegate::policy::test {

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

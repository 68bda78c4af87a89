// SPDX-License-Identifier: Apache-2.0
//
// What the API server says of a pod, of its namespace and of its service account, from what the node knows of it (kubernetes/known/).
// In the daemon, which watches the API server, asking means waiting until the pod is seen; the plugin only reads what was kept. A pod
// that was seen once stays as it was last seen, in its record, when the API server is away or the pod was deleted there. Labels follow
// changes: the daemon programs the endpoints concerned, so there is nothing to observe.
#pragma once

#include <chrono>
#include <memory>

#include "labels/provider.h"

namespace namegate::labels {

// How long a pod is waited for while the API server is away, before the next provider is asked: that one knows its labels sooner. Long
// enough for two attempts to connect again.
inline constexpr std::chrono::milliseconds kWaitWhileAway{2'000};

std::unique_ptr<Provider> make_kubernetes(const ProviderSettings& settings);

}  // namespace namegate::labels

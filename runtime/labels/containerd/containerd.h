// SPDX-License-Identifier: Apache-2.0
//
// containerd's labels of a container or pod, from its native API (runtime/containerd). It must be asked, by the daemon or, if no
// daemon runs, by the plugin. containerd does not change the labels of an existing sandbox, so there is nothing to observe.
#pragma once

#include <memory>

#include "labels/provider.h"

namespace namegate::labels {

std::unique_ptr<Provider> make_containerd(const ProviderSettings& settings);

}  // namespace namegate::labels

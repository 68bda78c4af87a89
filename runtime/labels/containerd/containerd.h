// SPDX-License-Identifier: Apache-2.0
//
// containerd's labels of a container or pod, by its native API (runtime/containerd). It must be asked, by the daemon or, without
// one, by the plugin. containerd does not change the labels of a sandbox that exists, so there is nothing to observe.
#pragma once

#include <memory>

#include "labels/provider.h"

namespace namegate::labels {

std::unique_ptr<Provider> make_containerd(const ProviderSettings& settings);

}  // namespace namegate::labels

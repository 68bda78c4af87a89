// SPDX-License-Identifier: Apache-2.0
//
// The labels in the network configuration of ADD (`args.cni.labels`), from the endpoint's record. Never fails. If there are none,
// the provider does not know a Kubernetes pod, because kubelet passes no labels, and any other container has no labels.
#pragma once

#include <memory>

#include "labels/provider.h"

namespace namegate::labels {

std::unique_ptr<Provider> make_cni_args(const ProviderSettings& settings);

}  // namespace namegate::labels

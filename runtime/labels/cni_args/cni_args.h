// SPDX-License-Identifier: Apache-2.0
//
// The labels in the network configuration of ADD (`args.cni.labels`) and the annotations in its `runtimeConfig`, from the endpoint's
// record. Never fails. If there are no labels, those of a Kubernetes pod are not known, because kubelet passes none, and any other
// container has no labels.
#pragma once

#include <memory>

#include "labels/provider.h"

namespace namegate::labels {

std::unique_ptr<Provider> make_cni_args(const ProviderSettings& settings);

}  // namespace namegate::labels

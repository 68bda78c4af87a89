// SPDX-License-Identifier: Apache-2.0
//
// The labels that came with ADD (`args.cni.labels`), from the record itself. Never fails. It does not know a Kubernetes pod that
// came without: kubelet passes no labels.
#pragma once

#include <memory>

#include "labels/provider.h"

namespace namegate::labels {

std::unique_ptr<Provider> make_cni_args(const ProviderSettings& settings);

}  // namespace namegate::labels

// SPDX-License-Identifier: Apache-2.0
//
// The labels of Pod documents in the policy folders. It does not know an endpoint without a pod name. A document that changes is a
// change of policies, which programs the endpoints that it affects.
#pragma once

#include <memory>

#include "labels/provider.h"

namespace namegate::labels {

std::unique_ptr<Provider> make_files(const ProviderSettings& settings);

}  // namespace namegate::labels

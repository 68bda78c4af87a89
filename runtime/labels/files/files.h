// SPDX-License-Identifier: Apache-2.0
//
// The labels, annotations and named ports of Pod documents in the policy folders. The provider does not know an endpoint without a pod
// name. It need not report changes: a changed document changes the snapshot, and the affected endpoints are programmed.
#pragma once

#include <memory>

#include "labels/provider.h"

namespace namegate::labels {

std::unique_ptr<Provider> make_files(const ProviderSettings& settings);

}  // namespace namegate::labels

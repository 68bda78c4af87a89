// SPDX-License-Identifier: Apache-2.0
//
// Decodes a rule of a policy and checks V2-V6. Reports problems to the cursor's context. Returns a rule even after errors,
// because the file is then refused as a whole.
#pragma once

#include "policy/documents/cursor.h"
#include "policy/model/resources.h"

namespace namegate::policy {

Rule decode_rule(const Cursor& cursor, Direction direction);

}  // namespace namegate::policy

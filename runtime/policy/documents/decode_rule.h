// SPDX-License-Identifier: Apache-2.0
//
// Decodes a rule of a policy and checks V2-V6. Reports problems to the cursor's context. Pure otherwise. The rule that is
// returned after an error must not be used: the file is refused as a whole.
#pragma once

#include "policy/documents/cursor.h"
#include "policy/model/resources.h"

namespace namegate::policy {

Rule decode_rule(const Cursor& cursor, Direction direction);

}  // namespace namegate::policy

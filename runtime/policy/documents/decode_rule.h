// SPDX-License-Identifier: Apache-2.0
//
// One rule of a policy: from its node to a value, with V2-V6. Problems go to the cursor's context; a rule
// comes back in any case, to be thrown away with its file when there were errors.
#pragma once

#include "policy/documents/cursor.h"
#include "policy/model/resources.h"

namespace namegate::policy {

Rule decode_rule(const Cursor& cursor, Direction direction);

}  // namespace namegate::policy

// SPDX-License-Identifier: Apache-2.0
//
// Checks the shape of a document against its table (V1). Reports every difference to the cursor's context. Pure otherwise.
#pragma once

#include "policy/documents/cursor.h"
#include "policy/documents/schema.h"

namespace namegate::policy {

void check_object(const Cursor& cursor, const ObjectSpec& spec);

}  // namespace namegate::policy

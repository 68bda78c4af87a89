// SPDX-License-Identifier: Apache-2.0
//
// Decodes a document whose shape has been checked to a resource, and checks the rules that go beyond the shape. Reports
// problems to the cursor's context. Pure otherwise.
#pragma once

#include "policy/documents/cursor.h"
#include "policy/documents/schema.h"
#include "policy/model/resources.h"

namespace namegate::policy {

Resource decode_resource(const Cursor& cursor, const KindSpec& kind);

}  // namespace namegate::policy

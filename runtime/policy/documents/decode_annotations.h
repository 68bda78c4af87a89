// SPDX-License-Identifier: Apache-2.0
//
// Decodes the annotations of a policy or rule whose names begin with "namegate.dev/". Others are free text. Reports errors at its
// cursor; pure otherwise.
#pragma once

#include "policy/documents/cursor.h"
#include "policy/model/resources.h"

namespace namegate::policy {

// `document` is the whole policy; `out` has its directions already.
void decode_policy_annotations(const Cursor& document, Policy& out);
// `out` has its other fields already.
void decode_rule_annotations(const Cursor& rule, Direction direction, Rule& out);

}  // namespace namegate::policy

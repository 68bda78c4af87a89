// SPDX-License-Identifier: Apache-2.0
//
// Decodes the annotations of a policy whose names begin with "namegate.dev/". Others are free text. Reports errors at its cursor;
// pure otherwise.
#pragma once

#include "policy/documents/cursor.h"
#include "policy/model/resources.h"

namespace namegate::policy {

inline constexpr std::string_view kDnsAnnotation = "namegate.dev/dns";

// `document` is the whole policy; `out` has its directions already.
void decode_annotations(const Cursor& document, Policy& out);
// A rule has no annotations of namegate: reports each as an error.
void refuse_annotations(const Cursor& rule);

}  // namespace namegate::policy

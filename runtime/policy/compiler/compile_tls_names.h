// SPDX-License-Identifier: Apache-2.0
//
// Decides which rules bind connections to TLS names (T1, T2, T5). A step of compile(). Pure; cannot fail.
#pragma once

#include <vector>

#include "policy/compiler/compile_rules.h"
#include "policy/compiler/rule_bits.h"
#include "policy/model/tls_names.h"

namespace namegate::policy {

// Sets `tls` of each rule, and returns the bitmap of those that bind. `with_domains`: the rules that have a domain.
BitmapIndex compile_tls_names(std::vector<NumberedRule>& rules, const RuleBits& with_domains, TlsNames node_default, BitmapTable& bitmaps);

}  // namespace namegate::policy

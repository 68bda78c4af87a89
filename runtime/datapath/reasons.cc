// SPDX-License-Identifier: Apache-2.0
#include "datapath/reasons.h"

namespace namegate::datapath {

namespace {

constexpr ReasonInfo kReasons[] = {
#define NG_REASON(enumerator, name, unit, help) {name, unit, help},
#include "datapath/bpf/reasons.def"
#undef NG_REASON
};
static_assert(sizeof kReasons / sizeof kReasons[0] == NG_R_COUNT);

}  // namespace

const char* reason_name(ng_reason reason) { return reason < NG_R_COUNT ? kReasons[reason].name : "unknown"; }
std::span<const ReasonInfo> reasons() { return kReasons; }

}  // namespace namegate::datapath

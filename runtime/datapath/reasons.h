// SPDX-License-Identifier: Apache-2.0
//
// The reasons for which the programs deny or count packets (bpf/reasons.def), with their texts. Pure.
#pragma once

#include <span>

#include "datapath/bpf/abi.h"

namespace namegate::datapath {

// The rows of bpf/reasons.def, by number.
struct ReasonInfo {
    const char* name;
    const char* unit;
    const char* help;
};
std::span<const ReasonInfo> reasons();
// "unknown" for an unknown number.
const char* reason_name(ng_reason reason);

}  // namespace namegate::datapath

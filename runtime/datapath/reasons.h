// SPDX-License-Identifier: Apache-2.0
//
// The reasons for which the programs deny or count packets (bpf/reasons.def), with their texts. Pure.
#pragma once

#include <array>
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
// Those by which policy denied a packet, the last six by a rule that binds connections to TLS names.
inline constexpr std::array kPolicyDenials = {NG_R_DENIED,      NG_R_CUT,      NG_R_TLS_NAME,    NG_R_TLS_NO_NAME,
                                              NG_R_TLS_NOT_TLS, NG_R_TLS_FORM, NG_R_TLS_UNKNOWN, NG_R_TLS_QUIC};
// "unknown" for an unknown number.
const char* reason_name(ng_reason reason);

}  // namespace namegate::datapath

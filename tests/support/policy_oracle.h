// SPDX-License-Identifier: Apache-2.0
//
// The reference for the compiler: what policies mean for one packet, computed in the plainest way from the resources themselves,
// rule by rule. Slow and readable on purpose; shares no code with compile().
#pragma once

#include <vector>

#include "policy/compiler/evaluate.h"
#include "policy/model/endpoint_view.h"
#include "policy/model/snapshot.h"

namespace namegate::policy::test {

struct Question {
    const Snapshot* snapshot;
    const std::vector<EndpointView>* endpoints;
    const EndpointView* self;  // one of them
    Direction direction;
    IpAddress local;
    PacketView packet;
    bool preview = false;                 // as if the staged policies were enforced
    TlsNames tls_names = TlsNames::kOff;  // the node's default
    bool domains_match_tls_name = false;  // domains that do not match the packet's TLS name open nothing
};

bool naive_allows(const Question& question);

}  // namespace namegate::policy::test

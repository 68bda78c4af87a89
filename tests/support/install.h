// SPDX-License-Identifier: Apache-2.0
//
// Writes one policy, or one endpoint's policies, alone.
#pragma once

#include "datapath/endpoint_writer.h"
#include "datapath/policy_writer.h"

namespace namegate::test {

inline Result<datapath::PolicyId> install_policy(datapath::Datapath& datapath, const policy::CompiledPolicy& policy) {
    NG_ASSIGN(datapath::PolicyWriter writer, datapath::PolicyWriter::open(datapath));
    return writer.install(policy);
}

inline Result<> write_policies(datapath::Datapath& datapath, const datapath::EndpointIdentity& identity,
                               const datapath::EndpointPolicies& policies) {
    datapath::CounterRoom counters(datapath);
    return datapath::write_policies(datapath, identity, policies, counters);
}

}  // namespace namegate::test

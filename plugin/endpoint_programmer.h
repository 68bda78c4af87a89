// SPDX-License-Identifier: Apache-2.0
//
// What the plugin asks of the policy runtime for one endpoint. The real one stands on the runtime that is
// linked into the plugin; tests give their own. One object serves one call of the plugin; functions may
// block on disk and kernel, and report errors that undo nothing outside their own doing.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cni/config.h"
#include "endpoints/record.h"

namespace namegate::plugin {

class EndpointProgrammer {
  public:
    EndpointProgrammer() = default;
    virtual ~EndpointProgrammer() = default;
    EndpointProgrammer(const EndpointProgrammer&) = delete;
    EndpointProgrammer& operator=(const EndpointProgrammer&) = delete;
    EndpointProgrammer(EndpointProgrammer&&) = delete;
    EndpointProgrammer& operator=(EndpointProgrammer&&) = delete;

    // Asked of the kernel by who is going to change something: waits are short while the object lives.
    virtual void hurry() = 0;
    // What had to wait is done.
    virtual void take_time() = 0;
    // Both of the following, for an endpoint whose addresses are known. Undoes itself on failure.
    virtual Result<> add(endpoints::Record& record) = 0;
    // Closed: nothing passes its interface. Its addresses may be missing. Fills in id and slot.
    virtual Result<> admit(endpoints::Record& record) = 0;
    // With its addresses: its policy comes in force. `meanwhile` is done while that is waited for, and its failure is
    // returned. kTryAgain when a source of labels cannot answer yet.
    virtual Result<> program(endpoints::Record& record, const std::function<Result<>()>& meanwhile) = 0;
    // One that is not there is success.
    virtual Result<> remove(const std::string& container_id, const std::string& ifname) = 0;
    // Is everything that add() made still in place?
    virtual Result<> check(const std::string& container_id, const std::string& ifname) = 0;
    // Those that were added for one CNI network and not removed.
    virtual Result<std::vector<cni::Attachment>> attachments(const std::string& network) = 0;
    // Could add() succeed now? Cheap. kNotFound: pods that run are not enforced.
    virtual Result<> status() = 0;
};

}  // namespace namegate::plugin

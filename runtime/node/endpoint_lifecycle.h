// SPDX-License-Identifier: Apache-2.0
//
// The life of an endpoint on this node, as the plugin drives it: admit (closed), program (its policy comes into force), check,
// remove. EndpointService implements it on a real node; tests of the plugin have another implementation. One object serves one
// call of the plugin, in one thread. Functions may block on disk, kernel, node lock and, for a limited time, on the daemon or
// containerd. A function that fails has undone its own changes, unless its comment says otherwise.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/identifiers.h"
#include "base/result.h"
#include "endpoints/record.h"

namespace namegate::node {

class EndpointLifecycle {
  public:
    EndpointLifecycle() = default;
    virtual ~EndpointLifecycle() = default;
    EndpointLifecycle(const EndpointLifecycle&) = delete;
    EndpointLifecycle& operator=(const EndpointLifecycle&) = delete;
    EndpointLifecycle(EndpointLifecycle&&) = delete;
    EndpointLifecycle& operator=(EndpointLifecycle&&) = delete;

    // Shortens the kernel's grace periods until restore_grace_periods() or the end of this object. The caller's own
    // changes to links become faster too.
    virtual void shorten_grace_periods() = 0;
    virtual void restore_grace_periods() = 0;

    // admit() and program() in one, for an endpoint whose addresses are known.
    virtual Result<> add(endpoints::Record& record) = 0;
    // Attaches the programs, with the endpoint closed, and fills in id and slot. If the record has no addresses yet, also
    // compiles and installs the policy, so that program() has little left to do.
    virtual Result<> admit(endpoints::Record& record) = 0;
    // Puts the policy into force and fills in `ready`; the addresses must be known. `meanwhile` runs while the daemon
    // works; its failure is returned. kTryAgain: not all policies are known. kLabelsUnknown: a source of labels cannot answer yet; from a
    // daemon, this is kTryAgain too. After a failure the endpoint stays closed and the caller removes it.
    virtual Result<> program(endpoints::Record& record, const std::function<Result<>()>& meanwhile) = 0;
    // Removes an endpoint, identified by the two ids alone. Succeeds if there is none.
    virtual Result<> remove(const std::string& container_id, const std::string& ifname) = 0;
    // Checks that everything that add() made is still in place and that a policy is in force.
    virtual Result<> check(const std::string& container_id, const std::string& ifname) = 0;
    // The attachments that were added for one CNI network and not removed.
    virtual Result<std::vector<Attachment>> attachments(const std::string& network) = 0;
    // Whether add() can succeed now. Cheap, because runtimes call it every few seconds. kNotFound: running pods are
    // not enforced.
    virtual Result<> status() = 0;
};

}  // namespace namegate::node

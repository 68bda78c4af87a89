// SPDX-License-Identifier: Apache-2.0
//
// The life of an endpoint on this node, as the plugin drives it: admit (closed), program (its policy comes in force), check,
// remove. EndpointService does it on a real node; tests of the plugin give their own. One object serves one call of the
// plugin. One thread. Functions may block on disk, kernel, node lock and, for a bounded time, on the daemon or containerd. A function
// that fails has undone what it did itself, unless it says otherwise.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "endpoints/record.h"

namespace namegate::node {

struct Attachment {
    std::string container_id;
    std::string ifname;
};

class EndpointLifecycle {
  public:
    EndpointLifecycle() = default;
    virtual ~EndpointLifecycle() = default;
    EndpointLifecycle(const EndpointLifecycle&) = delete;
    EndpointLifecycle& operator=(const EndpointLifecycle&) = delete;
    EndpointLifecycle(EndpointLifecycle&&) = delete;
    EndpointLifecycle& operator=(EndpointLifecycle&&) = delete;

    // The kernel's grace periods are short from here on, and while the object lives: for changes to links that this object does
    // not make itself as well.
    virtual void shorten_grace_periods() = 0;
    virtual void restore_grace_periods() = 0;

    // admit() and program(), for an endpoint whose addresses are known.
    virtual Result<> add(endpoints::Record& record) = 0;
    // The programs are on its interface, and nothing passes. Fills in id and slot. Its addresses may be missing: then what its
    // policy needs is prepared while they are waited for.
    virtual Result<> admit(endpoints::Record& record) = 0;
    // With its addresses: its policy comes in force, and `ready` is filled in. `meanwhile` runs while the daemon works, and its
    // failure is returned. kTryAgain: a source of labels cannot answer yet, or not all policies are known. The endpoint stays
    // closed on failure; the caller removes it.
    virtual Result<> program(endpoints::Record& record, const std::function<Result<>()>& meanwhile) = 0;
    // From the two ids alone. One that is not there is success.
    virtual Result<> remove(const std::string& container_id, const std::string& ifname) = 0;
    // Is everything that add() made still in place, and a policy in force?
    virtual Result<> check(const std::string& container_id, const std::string& ifname) = 0;
    // Those that were added for one CNI network and not removed.
    virtual Result<std::vector<Attachment>> attachments(const std::string& network) = 0;
    // Could add() succeed now? Cheap, because runtimes ask every few seconds. kNotFound: pods that run are not enforced.
    virtual Result<> status() = 0;
};

}  // namespace namegate::node

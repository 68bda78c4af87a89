// SPDX-License-Identifier: Apache-2.0
//
// Attachment of the two programs to a host interface: tcx links pinned as links/<ifname>-{in,out} where the
// kernel has them (6.6), else clsact filters of priority 1 and a handle of our own. Both outlive the process.
// Detaching removes what we attached and leaves an empty clsact qdisc to others. Idempotent. Acts in the
// network namespace of the calling thread; node lock held.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "datapath/loader.h"

namespace namegate::datapath {

enum class AttachKind { kTcx, kClsact };

// Attaches both directions, or puts right what is attached already; undone when one direction fails.
Result<AttachKind> attach(Datapath& datapath, const std::string& ifname, std::uint32_t ifindex);
// `ifindex` 0: the interface is gone, only pins are removed.
Result<> detach(Datapath& datapath, const std::string& ifname, std::uint32_t ifindex);
// Are both of our programs on the interface?
Result<bool> is_attached(Datapath& datapath, const std::string& ifname, std::uint32_t ifindex);

// From the programs of an older layout version, if they are on it, to ours, between two packets; a crash in between is
// put right by the next call. What applies to the endpoint must have been written before.
Result<> take_over(Datapath& datapath, const std::string& ifname, std::uint32_t ifindex);

struct PinnedLink {
    std::string ifname;
    bool ingress_hook = false;  // -in: from the pod
    std::uint32_t ifindex = 0;  // 0: severed, the interface is gone
};
Result<std::vector<PinnedLink>> list_links(Datapath& datapath);
// Unpins the links whose interface is gone; returns the interface names.
Result<std::vector<std::string>> remove_severed_links(Datapath& datapath);

}  // namespace namegate::datapath

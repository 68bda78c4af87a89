// SPDX-License-Identifier: Apache-2.0
//
// Attaches the two programs to a host interface: as tcx links pinned as links/<ifname>-{in,out} on kernels that have tcx
// (6.6), otherwise as clsact filters with priority 1 and a fixed handle. Both outlive the process. Detaching removes only
// these; an empty clsact qdisc stays for other users. Idempotent. Acts in the network namespace of the calling thread;
// node lock held.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "datapath/loader.h"

namespace namegate::datapath {

enum class AttachKind { kTcx, kClsact };

// Attaches both directions, or corrects what is attached already. If one direction fails, neither stays attached.
Result<AttachKind> attach(Datapath& datapath, const std::string& ifname, std::uint32_t ifindex);
// With `ifindex` 0 the interface is gone and only pins are removed.
Result<> detach(Datapath& datapath, const std::string& ifname, std::uint32_t ifindex);
// Whether both programs of this build are on the interface.
Result<bool> is_attached(Datapath& datapath, const std::string& ifname, std::uint32_t ifindex);

// Replaces the programs of an older layout version on the interface, if any, between two packets. The next call completes
// what a crash interrupted. The endpoint's configuration must be written before, and its slot adopted (slots.h).
Result<> take_over(Datapath& datapath, const std::string& ifname, std::uint32_t ifindex, std::uint32_t slot);

struct Hook;  // hooks.h

struct PinnedLink {
    std::string ifname;
    const Hook* hook = nullptr;
    std::uint32_t ifindex = 0;  // 0: severed, the interface is gone
};
Result<std::vector<PinnedLink>> list_links(Datapath& datapath);
// Unpins the links whose interface is gone; returns the interface names.
Result<std::vector<std::string>> remove_severed_links(Datapath& datapath);

}  // namespace namegate::datapath

// SPDX-License-Identifier: Apache-2.0
//
// Taking the host side of a veth away, and with it the pod's. Once the kernel has begun to remove a device nothing finds
// it any more, and nothing can stop it; but whoever asked for it is held until nobody refers to the device, 20 ms
// and longer. So a process of its own asks, and nobody waits for what is left of it then. It does that one thing alone,
// by the interface's number, and holds no file of the plugin's. One thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "base/fd.h"
#include "base/result.h"
#include "netlink/link.h"
#include "netlink/route_socket.h"

namespace namegate::plugin {

class LinkRemoval {
  public:
    // When it returns, the interface is down and no packet passes it any more: its programs may go. Nothing, or one
    // that is gone meanwhile, is success.
    static Result<LinkRemoval> begin(netlink::Socket& socket, const std::optional<netlink::Link>& link);
    ~LinkRemoval();
    LinkRemoval(LinkRemoval&& other) noexcept
        : index_(other.index_), remover_(std::exchange(other.remover_, -1)), complaint_(std::move(other.complaint_)) {}
    LinkRemoval& operator=(LinkRemoval&&) = delete;
    LinkRemoval(const LinkRemoval&) = delete;
    LinkRemoval& operator=(const LinkRemoval&) = delete;

    // Waits until neither name nor number of the interface is to be found; to be called once.
    Result<> finish();

  private:
    LinkRemoval() = default;
    LinkRemoval(std::uint32_t index, pid_t remover, Fd complaint) : index_(index), remover_(remover), complaint_(std::move(complaint)) {}

    std::uint32_t index_ = 0;
    pid_t remover_ = -1;
    Fd complaint_;  // why it could not, or nothing
};

}  // namespace namegate::plugin

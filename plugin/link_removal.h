// SPDX-License-Identifier: Apache-2.0
//
// Removes the host side of a veth, and with it the pod's side. Once the kernel has begun to remove a device, no lookup finds it
// and nothing stops the removal. But the process that requested it is blocked until the last reference to the device is gone,
// 20 ms or longer. So a child process makes the request, and the plugin waits only until the removal has begun. The child keeps
// none of the plugin's files open. One thread.
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
    // When it returns, the interface is down and no packet passes it any more, so its programs may be removed.
    // Also succeeds if `link` is nullopt or the interface disappears meanwhile.
    static Result<LinkRemoval> begin(netlink::Socket& socket, const std::optional<netlink::Link>& link);
    ~LinkRemoval();
    LinkRemoval(LinkRemoval&& other) noexcept
        : index_(other.index_), remover_(std::exchange(other.remover_, -1)), error_pipe_(std::move(other.error_pipe_)) {}
    LinkRemoval& operator=(LinkRemoval&&) = delete;
    LinkRemoval(const LinkRemoval&) = delete;
    LinkRemoval& operator=(const LinkRemoval&) = delete;

    // Waits until the interface can be found neither by name nor by index. To be called once.
    Result<> finish();

  private:
    LinkRemoval() = default;
    LinkRemoval(std::uint32_t index, pid_t remover, Fd error_pipe) : index_(index), remover_(remover), error_pipe_(std::move(error_pipe)) {}

    std::uint32_t index_ = 0;
    pid_t remover_ = -1;
    Fd error_pipe_;  // the child's error message, or nothing
};

}  // namespace namegate::plugin

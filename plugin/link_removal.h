// SPDX-License-Identifier: Apache-2.0
//
// Taking the host side of a veth away, and with it the pod's. The kernel holds whoever deletes a device until nobody
// refers to it any more, 20 ms and longer; that waiting has a thread of its own here, so that the rest of a DEL is
// done meanwhile. The destructor waits for the thread.
#pragma once

#include <future>
#include <string>

#include "base/result.h"
#include "netlink/route_socket.h"

namespace namegate::plugin {

class LinkRemoval {
  public:
    // When it returns, the interface is down and no packet passes it any more: its programs may go. One that is not
    // there is success.
    static Result<LinkRemoval> begin(netlink::Socket socket, const std::string& host_ifname);
    // Waits until it is gone; to be called once.
    Result<> finish() { return gone_.get(); }

  private:
    explicit LinkRemoval(std::future<Result<>> gone) : gone_(std::move(gone)) {}
    std::future<Result<>> gone_;
};

}  // namespace namegate::plugin

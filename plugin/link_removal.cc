// SPDX-License-Identifier: Apache-2.0
#include "plugin/link_removal.h"

#include <utility>

#include "netlink/link.h"

namespace namegate::plugin {

Result<LinkRemoval> LinkRemoval::begin(netlink::Socket socket, const std::string& host_ifname) {
    netlink::Batch down;
    netlink::append_link_down(down, host_ifname);
    if (const auto result = socket.run(down); !result && result.error().code() != Code::kNotFound) {
        return result.error();
    }
    auto deletes = [owned = std::move(socket), host_ifname]() mutable { return netlink::delete_link(owned, host_ifname); };
    return LinkRemoval(std::async(std::launch::async, std::move(deletes)));
}

}  // namespace namegate::plugin

// SPDX-License-Identifier: Apache-2.0
//
// Raw frames, out of and into an interface. A socket for one protocol sees incoming frames only after the programs at the interface
// pass them; one for all protocols sees them before. Remembers what it read.
#pragma once

#include <linux/if_ether.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client.h"
#include "support/dns_message.h"

namespace namegate::test {

class RawSocket {
  public:
    // In the caller's namespace. Throws when there is no such interface.
    RawSocket(const std::string& ifname, std::uint16_t protocol);
    static RawSocket inside(const TestNetns& netns, const std::string& ifname, std::uint16_t protocol = ETH_P_ALL);

    void send(const Bytes& frame) const;
    // Whether a frame with these bytes was seen, until now or within the time.
    bool saw(std::string_view bytes, Milliseconds most = Milliseconds(0));
    // The last such frame that was read, or the first that arrives within the time.
    std::optional<std::string> find(const std::function<bool(std::string_view)>& fits, Milliseconds most = Milliseconds(0));

  private:
    Fd fd_;
    std::vector<std::string> frames_;
};

}  // namespace namegate::test

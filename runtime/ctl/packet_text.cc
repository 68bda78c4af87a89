// SPDX-License-Identifier: Apache-2.0
#include "ctl/packet_text.h"

namespace namegate::ctl {

std::string remote_text(const std::string& address, const std::string& port) {
    if (port.empty() || port == "0") {
        return address;
    }
    return (address.find(':') == std::string::npos ? address : "[" + address + "]") + ":" + port;
}

}  // namespace namegate::ctl

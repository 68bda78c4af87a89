// SPDX-License-Identifier: Apache-2.0
#include "ctl/packet_text.h"

namespace namegate::ctl {

std::string remote_text(const std::string& address, const std::string& port) {
    if (port.empty() || port == "0") {
        return address;
    }
    return (address.find(':') == std::string::npos ? address : "[" + address + "]") + ":" + port;
}

std::string query_text(const std::string& name, std::optional<std::uint16_t> type, const std::string& server) {
    const std::string asked = name.empty() ? "a message that is not a plain query" : name + " type " + std::to_string(type.value_or(0));
    return asked + " to " + server;
}

}  // namespace namegate::ctl

// SPDX-License-Identifier: Apache-2.0
#include "base/unix_address.h"

#include <sys/socket.h>

#include <cstring>

namespace namegate {

Result<sockaddr_un> unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) {
        return Error(Code::kInvalidInput, "the socket path " + path + " is too long; a path has at most " +
                                              std::to_string(sizeof(address.sun_path) - 1) + " bytes");
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

}  // namespace namegate

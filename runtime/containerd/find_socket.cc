// SPDX-License-Identifier: Apache-2.0
#include "containerd/find_socket.h"

#include <sys/stat.h>

namespace namegate::containerd {

bool is_socket(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode);
}

std::optional<std::string> find_containerd_socket(const IsSocket& is_there) {
    for (const std::string_view known : kSocketPaths) {
        std::string path(known);
        if (is_there(path)) {
            return path;
        }
    }
    return std::nullopt;
}

}  // namespace namegate::containerd

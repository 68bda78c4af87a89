// SPDX-License-Identifier: Apache-2.0
#include "daemon/warnings/reverse_path.h"

#include <algorithm>

#include "base/file.h"

namespace namegate::daemon {

namespace {

constexpr std::size_t kMaxInterfaces = 65'536;
constexpr std::size_t kMaxSettingBytes = 64;
constexpr char kOff = '0';
constexpr char kStrict = '1';

// The first character of rp_filter: 0 off, 1 strict, 2 loose.
Result<char> read_setting(const std::string& folder, const std::string& interface) {
    NG_ASSIGN(const std::string text, read_file(folder + "/" + interface + "/rp_filter", kMaxSettingBytes));
    return text.empty() ? kOff : text.front();
}

}  // namespace

Result<std::vector<std::string>> interfaces_without_reverse_path_filter(const std::string& folder,
                                                                        const std::function<bool(const std::string&)>& is_ours) {
    NG_ASSIGN(const char all, read_setting(folder, "all"));
    NG_ASSIGN(const std::vector<std::string> interfaces, list_directory(folder, kMaxInterfaces));
    std::vector<std::string> open;
    for (const std::string& interface : interfaces) {
        if (interface == "all" || interface == "default" || interface == "lo" || is_ours(interface)) {
            continue;
        }
        // The larger value is in force (Documentation/networking/ip-sysctl.rst).
        const auto own = read_setting(folder, interface);
        if (own && std::max(all, *own) != kStrict) {
            open.push_back(interface);
        }
    }
    return open;
}

}  // namespace namegate::daemon

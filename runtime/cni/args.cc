// SPDX-License-Identifier: Apache-2.0
#include "cni/args.h"

#include <algorithm>
#include <set>

namespace namegate::cni {

Outcome<Args> parse_args(std::string_view text) {
    Args args;
    std::set<std::string_view> seen;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(';'), text.size());
        const std::string_view pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (pair.empty()) {
            continue;
        }
        const std::size_t equals = pair.find('=');
        if (equals == std::string_view::npos || equals == 0 || pair.find('=', equals + 1) != std::string_view::npos) {
            return CniError(ErrorCode::kInvalidEnvironment, "CNI_ARGS: \"" + std::string(pair) + "\" is not KEY=value");
        }
        const std::string_view key = pair.substr(0, equals);
        if (!seen.insert(key).second) {
            return CniError(ErrorCode::kInvalidEnvironment, "CNI_ARGS: \"" + std::string(key) + "\" is given twice");
        }
        const std::string value(pair.substr(equals + 1));
        if (key == "K8S_POD_NAMESPACE") {
            args.pod_namespace = value;
        } else if (key == "K8S_POD_NAME") {
            args.pod_name = value;
        } else if (key == "K8S_POD_UID") {
            args.pod_uid = value;
        }
    }
    // With only one of the two, the pod would count as a plain container and no policy of its namespace would apply.
    if (args.pod_namespace.empty() != args.pod_name.empty()) {
        return CniError(ErrorCode::kInvalidEnvironment, "CNI_ARGS: K8S_POD_NAMESPACE and K8S_POD_NAME must be given together");
    }
    return args;
}

}  // namespace namegate::cni

// SPDX-License-Identifier: Apache-2.0
//
// What one label source says of an endpoint. A value.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/named_port.h"

namespace namegate::endpoints {

using Labels = std::map<std::string, std::string, std::less<>>;

struct Description {
    std::optional<Labels> labels;       // none: the source does not know them (S8)
    Labels annotations = {};            // only for display
    std::vector<NamedPort> ports = {};  // for rules that name a port
    // The name of its service account; empty: it has none. None: the source does not know it. Records have it in a field of their own.
    std::optional<std::string> service_account = {};

    bool operator==(const Description&) const = default;
};

}  // namespace namegate::endpoints

// SPDX-License-Identifier: Apache-2.0
//
// The environment variables of a CNI call, checked by the rules of the specification. An empty variable counts as unset.
// Pure functions over an injected lookup.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cni/cni_error.h"
#include "cni/version.h"

namespace namegate::cni {

inline constexpr std::size_t kMaxArgsBytes = 64UL * 1024;
inline constexpr std::size_t kMaxPathEntries = 64;

using GetEnvironment = std::function<std::optional<std::string>(const std::string& name)>;

struct Environment {
    Command command = Command::kVersion;
    std::string container_id;
    std::string netns;
    std::string ifname;
    std::string args;
    std::vector<std::string> plugin_dirs;  // CNI_PATH
    bool netns_override = false;           // CNI_NETNS_OVERRIDE: the plugin's own netns is allowed
};

// kInvalidEnvironment names every missing variable, or the first invalid one.
Outcome<Environment> parse_environment(const GetEnvironment& get);

}  // namespace namegate::cni

// SPDX-License-Identifier: Apache-2.0
//
// The previous builds that CMake makes, and facts about an upgrade from them.
#pragma once

#include <string>

#include "node.h"

namespace namegate::test {

// The same layout of the maps, other programs.
inline Build earlier_build() { return {NAMEGATE_EARLIER_PLUGIN, NAMEGATE_EARLIER_DAEMON}; }
// An older layout.
inline Build older_build() { return {NAMEGATE_OLDER_PLUGIN, NAMEGATE_OLDER_DAEMON}; }

// The folders of all layouts, one per line.
inline std::string layouts(const Node& node) { return must_run("ls " + node.bpffs()); }
// The kernel's numbers of the pinned programs.
inline std::string pinned_programs(const Node& node) {
    return must_run("for pin in " + node.bpffs() +
                    "/v*/programs/pod_*; do bpftool -j prog show pinned $pin | tr ',' '\\n' | grep '\"id\"'; done");
}

}  // namespace namegate::test

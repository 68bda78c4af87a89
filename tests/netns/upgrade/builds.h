// SPDX-License-Identifier: Apache-2.0
//
// The previous builds that CMake makes, and what an upgrade from them is about.
#pragma once

#include <string>

#include "node.h"

namespace namegate::test {

// The same layout of the maps, other programs.
inline Build earlier_build() { return {NAMEGATE_EARLIER_PLUGIN, NAMEGATE_EARLIER_DAEMON}; }
// An older layout.
inline Build older_build() { return {NAMEGATE_OLDER_PLUGIN, NAMEGATE_OLDER_DAEMON}; }

// The folders of all layouts, one a line.
inline std::string layouts(const Node& node) { return must_run("ls " + node.bpffs()); }
// The kernel's numbers of the programs that are pinned.
inline std::string pinned_programs(const Node& node) {
    return must_run("for pin in " + node.bpffs() +
                    "/v*/programs/pod_*; do bpftool -j prog show pinned $pin | tr ',' '\\n' | grep '\"id\"'; done");
}

}  // namespace namegate::test

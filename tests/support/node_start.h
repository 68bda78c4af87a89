// SPDX-License-Identifier: Apache-2.0
//
// How the tests of whole programs begin: as root, with a real IPAM plugin, on a separate node. Ends the process with 77 (skipped)
// and the reason when that is not possible.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "support/netns.h"

namespace namegate::test {

inline void start_node() {
    require_root();
    if (::access("/usr/lib/cni/host-local", X_OK) != 0) {
        std::fprintf(stderr, "skipped: needs the package containernetworking-plugins (host-local)\n");
        std::_Exit(77);
    }
    enter_private_node();
}

}  // namespace namegate::test

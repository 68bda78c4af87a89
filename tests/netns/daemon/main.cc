// SPDX-License-Identifier: Apache-2.0
#define CATCH_CONFIG_RUNNER
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>

#include "support/netns.h"

int main(int argc, char** argv) {
    namegate::test::require_root();
    if (::access("/usr/lib/cni/host-local", X_OK) != 0) {
        std::fprintf(stderr, "skipped: needs the package containernetworking-plugins (host-local)\n");
        return 77;
    }
    namegate::test::enter_private_node();
    return Catch::Session().run(argc, argv);
}

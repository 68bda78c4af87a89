// SPDX-License-Identifier: Apache-2.0
// The main of the tests that need promtool.
#include <unistd.h>

#include <cstdio>

#include "support/node_start.h"
#include "support/run_tests.h"

int main(int argc, char** argv) {
    if (::access("/usr/bin/promtool", X_OK) != 0) {
        std::fprintf(stderr, "skipped: needs /usr/bin/promtool (package prometheus)\n");
        return 77;
    }
    namegate::test::start_node();
    return namegate::test::run_tests(argc, argv);
}

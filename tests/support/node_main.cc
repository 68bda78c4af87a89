// SPDX-License-Identifier: Apache-2.0
// The main of tests that run whole programs on a separate node.
#include <sys/resource.h>

#include "support/node_start.h"
#include "support/run_tests.h"

int main(int argc, char** argv) {
    namegate::test::start_node();
    // A thousand connections at once.
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &files);
    }
    return namegate::test::run_tests(argc, argv);
}

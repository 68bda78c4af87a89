// SPDX-License-Identifier: Apache-2.0
// Reports when the client could not be built, else begins like every test of whole programs.
#include <unistd.h>

#include <cstdio>

#include "support/node_start.h"
#include "support/run_tests.h"

int main(int argc, char** argv) {
    if (::access(NAMEGATE_CNI_CLIENT, X_OK) != 0) {
        std::fprintf(stderr,
                     "skipped: the libcni client is not built: when CMake was run there were no packages golang-go and "
                     "golang-github-appc-cni-dev\n");
        return 77;
    }
    namegate::test::start_node();
    return namegate::test::run_tests(argc, argv);
}

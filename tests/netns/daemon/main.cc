// SPDX-License-Identifier: Apache-2.0
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "support/node_start.h"

int main(int argc, char** argv) {
    namegate::test::start_node();
    return Catch::Session().run(argc, argv);
}

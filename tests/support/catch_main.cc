// SPDX-License-Identifier: Apache-2.0
// The main of tests that need no special environment.
#include "support/run_tests.h"

int main(int argc, char** argv) { return namegate::test::run_tests(argc, argv); }

// SPDX-License-Identifier: Apache-2.0
//
// Catch2 behind one function, so that it is compiled once for all test programs.
#pragma once

namespace namegate::test {

// Runs the test cases of this program that the arguments of main select; returns main's result. Once per process.
int run_tests(int argc, char** argv);

}  // namespace namegate::test

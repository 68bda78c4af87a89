// SPDX-License-Identifier: Apache-2.0
//
// namegatectl without its main(): runs a command line and returns the exit code. Streams and socket are passed in. One
// thread; blocks on the daemon and, for `check` and `explain --offline`, on the disk.
#pragma once

#include <cstddef>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "api/protocol.h"
#include "base/result.h"

namespace namegate::ctl {

enum ExitCode : int {
    kYes = 0,          // yes, healthy
    kNo = 1,           // no, unhealthy, not found
    kUsage = 2,        // bad arguments, bad input
    kUnreachable = 3,  // no daemon replies
    kNotYet = 4,       // `explain`: allowed after a lookup that has not happened yet
};

// The terminal; 0: none, or unknown.
struct Screen {
    std::size_t columns = 0;
    std::size_t rows = 0;
};

struct Environment {
    std::ostream& out;
    std::ostream& err;
    bool colour = false;
    // api::ask_daemon() with a timeout. An error with an errno, or kTryAgain, means that no daemon replies.
    std::function<Result<api::Json>(const std::string& socket_path, const api::Request& request)> ask = {};
    // api::follow_daemon(); `take` gets null when nothing happens for a while, and returns false to end it.
    std::function<Result<>(const std::string& socket_path, const api::Request& request, const std::function<bool(const api::Json&)>& take)>
        follow = {};
    // run_program() of report/run_program.h. Null: no programs are run.
    std::function<Result<std::string>(const std::vector<std::string>& words, unsigned timeout_ms, std::size_t max_bytes)> run_program = {};
    // The terminal of `out` as it is now. Null: `out` is not a terminal.
    std::function<Screen()> screen = {};
    // Waits, for --watch. False: end. Null: do not show a listing again.
    std::function<bool(unsigned seconds)> wait = {};
};

// `arguments` without the program's name.
int run(const std::vector<std::string>& arguments, const Environment& environment);

}  // namespace namegate::ctl

// SPDX-License-Identifier: Apache-2.0
//
// Children of this process that do one thing and end: never orphans, since the kernel kills them when the thread that
// started them ends, however it ends. Owns nothing: whoever starts one waits for it, or leaves that to init. Any thread.
#pragma once

#include <sys/types.h>

#include <functional>

#include "base/fd.h"
#include "base/result.h"

namespace namegate {

struct Pipe {
    Fd reader;
    Fd writer;
};
// Both ends are closed by exec.
Result<Pipe> make_pipe();

// The child, a copy of this process with this thread alone, does the work and exits with what that returns, without our
// exit handlers. It has all our descriptors.
Result<pid_t> start_child(const std::function<int()>& work);

// Another program in our place of the child, with `input` and `output` as its stdin and stdout. Quicker than a copy of this
// process that then becomes it. `arguments` and `environment` end with null.
struct Program {
    const char* path = nullptr;
    char* const* arguments = nullptr;
    char* const* environment = nullptr;
    int input = -1;
    int output = -1;
};
// One that cannot be started exits with 127.
Result<pid_t> start_program(const Program& program);

// Waits for its end. The exit status, or 128 + the signal.
int wait_for_child(pid_t child);

}  // namespace namegate

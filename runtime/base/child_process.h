// SPDX-License-Identifier: Apache-2.0
//
// Short-lived child processes. The kernel kills a child when the thread that started it ends, so no child is orphaned.
// Owns nothing: the caller waits for the child, or leaves it to init. Safe from any thread.
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
// Both ends have O_CLOEXEC.
Result<Pipe> make_pipe();

// Forks. The child has this thread only and all descriptors; it runs `work` and exits with its result, without running
// exit handlers.
Result<pid_t> start_child(const std::function<int()>& work);

// A program to execute, with `input` and `output` as its stdin and stdout. `arguments` and `environment` end with null.
struct Program {
    const char* path = nullptr;
    char* const* arguments = nullptr;
    char* const* environment = nullptr;
    int input = -1;
    int output = -1;
};
// Faster than fork and exec. If the program cannot be executed, the child exits with 127.
Result<pid_t> start_program(const Program& program);

// Waits until the child ends. Returns its exit status, or 128 + the signal.
int wait_for_child(pid_t child);

}  // namespace namegate

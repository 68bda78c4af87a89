// SPDX-License-Identifier: Apache-2.0
#include "base/child_process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <vector>

namespace namegate {

namespace {

constexpr int kNotStarted = 127;
constexpr std::size_t kProgramStackBytes = 16UL * 1024;

// getppid() detects a parent that ended before prctl().
bool follow_parent(pid_t parent) { return ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::getppid() == parent; }

struct Start {
    const Program& program;
    pid_t parent;
};

// Runs in the parent's memory while the parent waits (CLONE_VFORK), so it makes system calls only. The address sanitizer
// must not mark its stack frames.
__attribute__((no_sanitize("address"))) int exec_program(void* argument) {
    const auto& start = *static_cast<const Start*>(argument);
    if (follow_parent(start.parent) && ::dup2(start.program.input, STDIN_FILENO) >= 0 && ::dup2(start.program.output, STDOUT_FILENO) >= 0) {
        ::execve(start.program.path, start.program.arguments, start.program.environment);
    }
    ::_exit(kNotStarted);
}

}  // namespace

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return sys_error("making a pipe", errno);
    }
    return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Result<pid_t> start_child(const std::function<int()>& work) {
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) {
        return sys_error("starting a child process", errno);
    }
    if (child == 0) {
        ::_exit(follow_parent(parent) ? work() : kNotStarted);
    }
    return child;
}

Result<pid_t> start_program(const Program& program) {
    Start start{program, ::getpid()};
    std::vector<char> stack(kProgramStackBytes);
    const pid_t child = ::clone(exec_program, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK | SIGCHLD, &start);
    return child < 0 ? sys_error("starting " + std::string(program.path), errno) : Result<pid_t>(child);
}

int wait_for_child(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace namegate

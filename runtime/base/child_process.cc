// SPDX-License-Identifier: Apache-2.0
#include "base/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace namegate {

namespace {

constexpr int kOrphan = 127;  // nobody is there to see it

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
        // A parent that ended before the first call is told by the second.
        ::_exit(::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::getppid() == parent ? work() : kOrphan);
    }
    return child;
}

int wait_for_child(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace namegate

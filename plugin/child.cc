// SPDX-License-Identifier: Apache-2.0
#include "plugin/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/fd.h"

namespace namegate::plugin {

namespace {

constexpr int kExecFailed = 127;

// A file in memory: the child reads as it likes, and nobody can wait for anybody.
Result<Fd> make_input(const std::string& text) {
    Fd fd(::memfd_create("namegate-stdin", MFD_CLOEXEC));
    if (!fd.valid()) {
        return sys_error("making the input of a program", errno);
    }
    std::size_t written = 0;
    while (written < text.size()) {
        const ssize_t got = ::write(fd.get(), text.data() + written, text.size() - written);
        if (got < 0) {
            return sys_error("writing the input of a program", errno);
        }
        written += static_cast<std::size_t>(got);
    }
    if (::lseek(fd.get(), 0, SEEK_SET) != 0) {
        return sys_error("rewinding the input of a program", errno);
    }
    return fd;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> result;
    result.reserve(texts.size() + 1);
    for (const std::string& text : texts) {
        result.push_back(const_cast<char*>(text.c_str()));
    }
    result.push_back(nullptr);
    return result;
}

// Only async-signal-safe calls from here to exec.
[[noreturn]] void become(const char* path, char* const* arguments, char* const* environment, std::array<int, 2> files) {
    const pid_t parent = ::getppid();
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent || parent == 1) {
        ::_exit(kExecFailed);
    }
    if (::dup2(files[0], STDIN_FILENO) < 0 || ::dup2(files[1], STDOUT_FILENO) < 0) {
        ::_exit(kExecFailed);
    }
    ::execve(path, arguments, environment);
    ::_exit(kExecFailed);
}

Result<std::string> read_all(int fd) {
    std::string text;
    std::array<char, 16384> buffer{};
    for (;;) {
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return sys_error("reading a program's output", errno);
        }
        if (got == 0) {
            return text;
        }
        text.append(buffer.data(), static_cast<std::size_t>(got));
        if (text.size() > kMaxChildOutputBytes) {
            return Error(Code::kExhausted, "a program's output is longer than " + std::to_string(kMaxChildOutputBytes) + " bytes");
        }
    }
}

int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Result<ChildOutput> run_child(const ChildCommand& command) {
    NG_ASSIGN(const Fd input, make_input(command.standard_input));
    std::array<int, 2> pipe_ends{};
    if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) {
        return sys_error("making a pipe", errno);
    }
    const Fd output(pipe_ends[0]);
    Fd child_output(pipe_ends[1]);
    std::vector<char*> arguments = pointers(command.arguments);
    std::vector<char*> environment = pointers(command.environment);
    const pid_t self = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) {
        return sys_error("starting " + command.path, errno);
    }
    if (child == 0) {
        if (::getppid() != self) {
            ::_exit(kExecFailed);
        }
        become(command.path.c_str(), arguments.data(), environment.data(), {input.get(), child_output.get()});
    }
    child_output.reset();
    auto text = read_all(output.get());
    if (!text) {
        ::kill(child, SIGKILL);
    }
    const int status = wait_for(child);
    if (!text) {
        return text.error().with_context(command.path);
    }
    return ChildOutput{status, std::move(text).value()};
}

}  // namespace namegate::plugin

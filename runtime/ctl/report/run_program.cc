// SPDX-License-Identifier: Apache-2.0
#include "ctl/report/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "base/child_process.h"

namespace namegate::ctl {

namespace {

constexpr std::array<const char*, 5> kFolders = {"/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/", "/usr/local/sbin/"};
constexpr int kCannotRun = 127;

std::string find_program(const std::string& name) {
    for (const char* folder : kFolders) {
        std::string path = folder + name;
        if (::access(path.c_str(), X_OK) == 0) {
            return path;
        }
    }
    return {};
}

// In the child.
int execute(const std::string& path, std::vector<std::string> words, int output) {
    const int none = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(none, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    ::execv(path.c_str(), arguments.data());
    return kCannotRun;
}

// Reads until the end, the limit or the deadline. False: the deadline.
bool collect(int fd, unsigned timeout_ms, std::size_t max_bytes, std::string& out) {
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
    std::array<char, 16384> buffer{};
    while (out.size() < max_bytes) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd wait{fd, POLLIN, 0};
        const int ready = left <= 0 ? 0 : ::poll(&wait, 1, static_cast<int>(left));
        if (ready == 0) {
            return false;
        }
        const ssize_t got = ready < 0 ? -1 : ::read(fd, buffer.data(), std::min(buffer.size(), max_bytes - out.size()));
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return true;
        }
        out.append(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    }
    return true;
}

}  // namespace

Result<std::string> run_program(const std::vector<std::string>& words, unsigned timeout_ms, std::size_t max_bytes) {
    const std::string path = find_program(words.front());
    if (path.empty()) {
        return Error(Code::kNotFound, "there is no program " + words.front());
    }
    NG_ASSIGN(Pipe pipe, make_pipe());
    const int output = pipe.writer.get();
    NG_ASSIGN(const pid_t child, start_child([&path, &words, output] { return execute(path, words, output); }));
    pipe.writer.reset();
    std::string out;
    const bool ended = collect(pipe.reader.get(), timeout_ms, max_bytes, out);
    ::kill(child, SIGKILL);
    wait_for_child(child);
    if (!ended) {
        return Error(Code::kTryAgain, words.front() + " took longer than " + std::to_string(timeout_ms) + " ms");
    }
    return out;
}

}  // namespace namegate::ctl

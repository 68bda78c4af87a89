// SPDX-License-Identifier: Apache-2.0
//
// A program that runs beside the test, and ends with it. Its streams are files. Start it from the main thread: the kernel ends it
// when the thread that started it ends.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"

namespace namegate::test {

struct ProcessOptions {
    std::vector<std::string> arguments;    // the program's path first
    std::vector<std::string> environment;  // besides the test's own: "NAME=value"
    std::string input = "/dev/null";
    std::string output = "/dev/null";
    std::string errors = "/dev/null";  // appended to
};

class Process {
  public:
    explicit Process(const ProcessOptions& options);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    Process(Process&&) = delete;
    Process& operator=(Process&&) = delete;

    pid_t pid() const { return pid_; }
    bool running() { return !wait(std::chrono::milliseconds(0)); }
    void signal(int number);
    // The exit status, or 128 + the signal that ended it; nothing when it still runs at the end of the time.
    std::optional<int> wait(std::chrono::milliseconds most);

  private:
    pid_t pid_ = -1;
    Fd pidfd_;
    std::optional<int> status_;
};

}  // namespace namegate::test

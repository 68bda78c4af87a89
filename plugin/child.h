// SPDX-License-Identifier: Apache-2.0
//
// Runs another program to its end. The child dies with the thread that started it, so that a plugin killed
// by its runtime leaves nobody behind who still changes things. stderr is passed on. One thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace namegate::plugin {

inline constexpr std::size_t kMaxChildOutputBytes = 1024UL * 1024;

struct ChildCommand {
    std::string path;
    std::vector<std::string> arguments;    // from argv[0] on
    std::vector<std::string> environment;  // "KEY=value"
};

struct ChildOutput {
    int exit_status = 0;  // 128 + the signal when one ended it
    std::string standard_output;
};

class Child {
  public:
    // It runs from here on, and waits on its stdin.
    static Result<Child> start(const ChildCommand& command);
    // Kills it, unless finish() was called.
    ~Child();
    Child(Child&& other) noexcept
        : pid_(std::exchange(other.pid_, -1)),
          input_reader_(std::move(other.input_reader_)),
          input_(std::move(other.input_)),
          output_(std::move(other.output_)),
          unread_(std::move(other.unread_)),
          text_(std::move(other.text_)) {}
    Child& operator=(Child&&) = delete;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    // All of its stdin; waits for nothing.
    void feed(std::string input);
    // Its output up to where that `suffices`, or its end.
    Result<std::string> read_until(const std::function<bool(const std::string&)>& suffices);
    // Waits for its end. Once. All of its output.
    Result<ChildOutput> finish();
    bool is_finished() const { return pid_ <= 0; }

  private:
    Child(pid_t pid, Fd input_reader, Fd input, Fd output)
        : pid_(pid), input_reader_(std::move(input_reader)), input_(std::move(input)), output_(std::move(output)) {}
    void write_input();

    pid_t pid_;
    Fd input_reader_;  // held here too: a child that does not read is no reason for a SIGPIPE
    Fd input_;
    Fd output_;
    std::string unread_;  // of the input, not yet in the pipe
    std::string text_;    // of the output, as far as it was read
};

// All of it.
Result<ChildOutput> run_child(const ChildCommand& command, std::string input);

}  // namespace namegate::plugin

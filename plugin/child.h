// SPDX-License-Identifier: Apache-2.0
//
// Runs another program to its end. The child dies with the thread that started it, so that a plugin killed by its runtime
// leaves no process behind that still changes things. stderr is inherited. One thread.
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
    std::vector<std::string> arguments;    // starting with argv[0]
    std::vector<std::string> environment;  // "KEY=value"
};

struct ChildOutput {
    int exit_status = 0;  // 128 + the number of the signal that ended it, if any
    std::string standard_output;
};

class Child {
  public:
    // Starts the program, which then waits for its stdin.
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

    // Passes all of its stdin. Does not block.
    void feed(std::string input);
    // Reads its output until `suffices` returns true, or to its end. Returns what was read so far.
    Result<std::string> read_until(const std::function<bool(const std::string&)>& suffices);
    // Waits for its end and returns all of its output. To be called once.
    Result<ChildOutput> finish();
    bool is_finished() const { return pid_ <= 0; }

  private:
    Child(pid_t pid, Fd input_reader, Fd input, Fd output)
        : pid_(pid), input_reader_(std::move(input_reader)), input_(std::move(input)), output_(std::move(output)) {}
    void write_input();

    pid_t pid_;
    Fd input_reader_;  // kept open, so that a child that does not read causes no SIGPIPE
    Fd input_;
    Fd output_;
    std::string unread_;  // input that is not in the pipe yet
    std::string text_;    // output read so far
};

// Starts the program, feeds it and waits for its end.
Result<ChildOutput> run_child(const ChildCommand& command, std::string input);

}  // namespace namegate::plugin

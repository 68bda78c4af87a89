// SPDX-License-Identifier: Apache-2.0
//
// Undo steps for an operation that may fail halfway. Each completed step pushes its reverse; unless dismissed, the
// reverses run in last-in first-out order when the stack goes out of scope. Not thread-safe.
#pragma once

#include <functional>
#include <utility>
#include <vector>

namespace namegate {

class UndoStack {
  public:
    UndoStack() = default;
    ~UndoStack() { run(); }
    UndoStack(const UndoStack&) = delete;
    UndoStack& operator=(const UndoStack&) = delete;
    UndoStack(UndoStack&&) = delete;
    UndoStack& operator=(UndoStack&&) = delete;

    // `undo` must not throw; it handles (logs) its own errors.
    void push(std::function<void()> undo) { steps_.push_back(std::move(undo)); }
    void dismiss() { steps_.clear(); }
    void run() {
        while (!steps_.empty()) {
            auto step = std::move(steps_.back());
            steps_.pop_back();
            step();
        }
    }

  private:
    std::vector<std::function<void()>> steps_;
};

}  // namespace namegate

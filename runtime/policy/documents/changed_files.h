// SPDX-License-Identifier: Apache-2.0
//
// Which files have changed since the folders were read, as far as whoever watches the folders knows. A value.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <utility>

namespace namegate::policy {

// For more files, the folders are read whole.
inline constexpr std::size_t kMaxChangedFiles = 64;

class ChangedFiles {
  public:
    // Nothing has changed.
    ChangedFiles() = default;
    // Any file may have changed.
    static ChangedFiles any() {
        ChangedFiles out;
        out.any_ = true;
        return out;
    }

    void add(std::string path) {
        if (any_ || (paths_.size() == kMaxChangedFiles && paths_.count(path) == 0)) {
            add_any();
            return;
        }
        paths_.insert(std::move(path));
    }
    void add_any() {
        any_ = true;
        paths_.clear();
    }

    bool may_be_any() const { return any_; }
    // Sorted. Empty if any file may have changed.
    const std::set<std::string>& paths() const { return paths_; }

  private:
    bool any_ = false;
    std::set<std::string> paths_;
};

}  // namespace namegate::policy

// SPDX-License-Identifier: Apache-2.0
//
// Detects changes in several folders, whichever way files are saved (written in place, renamed over, linked again), and detects
// that a folder, or a folder above it, appears, disappears or is replaced. Reports which files changed, if that is all that changed.
// Owns one inotify descriptor. One thread. A missing folder is not an error. Changes that inotify does not see (a
// link's target edited elsewhere, a lost event) need a slow timer in addition.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "daemon/loop/name_watch.h"
#include "policy/documents/changed_files.h"

namespace namegate::daemon {

class DirectoryWatch {
  public:
    // `is_file`: whether a file of this name is one of those to watch.
    static Result<DirectoryWatch> create(std::vector<std::string> folders, bool (*is_file)(std::string_view name));

    int fd() const { return names_.fd(); }
    // Watches the folders, and those above them, as they are now. Call it before each reading of the folders.
    Result<> arm();
    enum class Seen {
        kNothing,
        kUnderway,  // a file may be only half written
        kDone,      // the last event: a file was closed, renamed or removed
    };
    // Reads and removes all pending events, and adds what they say to `changed`. A name that `is_file` does not accept may be the
    // target of links, so any file may have changed.
    Seen drain(policy::ChangedFiles& changed);

  private:
    DirectoryWatch(NameWatch names, std::vector<std::string> folders, bool (*is_file)(std::string_view))
        : names_(std::move(names)), folders_(std::move(folders)), is_file_(is_file) {}

    NameWatch names_;
    std::vector<std::string> folders_;
    bool (*is_file_)(std::string_view);
};

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
//
// Detects changes in several folders, whichever way files are saved (written in place, renamed over, linked again), and detects
// that a folder, or a folder above it, appears, disappears or is replaced. Does not report what changed: the caller reads the
// folders again. Owns one inotify descriptor. One thread. A missing folder is not an error. Changes that inotify does not see (a
// link's target edited elsewhere, a lost event) need a slow timer in addition.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "daemon/loop/name_watch.h"

namespace namegate::daemon {

class DirectoryWatch {
  public:
    static Result<DirectoryWatch> create(std::vector<std::string> folders);

    int fd() const { return names_.fd(); }
    // Watches the folders, and those above them, as they are now. Call it before each reading of the folders.
    Result<> arm();
    enum class Seen {
        kNothing,
        kUnderway,  // a file may be only half written
        kDone,      // the last event: a file was closed, renamed or removed
    };
    // Reads and removes all pending events.
    Seen drain();

  private:
    DirectoryWatch(NameWatch names, std::vector<std::string> folders) : names_(std::move(names)), folders_(std::move(folders)) {}

    NameWatch names_;
    std::vector<std::string> folders_;
};

}  // namespace namegate::daemon

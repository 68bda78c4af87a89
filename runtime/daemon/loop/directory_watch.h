// SPDX-License-Identifier: Apache-2.0
//
// Tells that something happened in one of several folders, whichever way their files are saved: written in
// place, renamed over, linked anew; and when a folder, or a folder above it, appears, goes or is replaced. Says
// only "look again": what changed is for the reader to find out. Owns one inotify descriptor. One thread. A folder
// that is not there is no failure; what inotify cannot see (a link's target edited elsewhere, a lost event) is
// for a slow timer.
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
    // Watches the folders, and what is above them, as they are now. Call before each reading of the folders.
    Result<> arm();
    enum class Seen {
        kNothing,
        kUnderway,  // perhaps a file is only half written
        kDone,      // the last was a file closed, renamed or removed
    };
    // Takes over the waiting events.
    Seen drain();

  private:
    DirectoryWatch(NameWatch names, std::vector<std::string> folders) : names_(std::move(names)), folders_(std::move(folders)) {}

    NameWatch names_;
    std::vector<std::string> folders_;
};

}  // namespace namegate::daemon

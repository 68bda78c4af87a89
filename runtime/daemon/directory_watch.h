// SPDX-License-Identifier: Apache-2.0
//
// Tells that something happened in one of several folders, whichever way their files are saved: written in
// place, renamed over, linked anew; and when a folder, or a folder above it, appears, goes or is replaced. Says
// only "look again": what changed is for the reader to find out. Owns one inotify descriptor. One thread. A folder
// that is not there is no failure; what inotify cannot see (a link's target edited elsewhere, a lost event) is
// for a slow timer.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace namegate::daemon {

class DirectoryWatch {
  public:
    static Result<DirectoryWatch> create(std::vector<std::string> folders);

    int fd() const { return fd_.get(); }
    // Watches the folders, and what is above them, as they are now. Call before each reading of the folders.
    Result<> arm();
    // Takes over the waiting events; true when one concerns the folders.
    bool drain();

  private:
    DirectoryWatch(Fd fd, std::vector<std::string> folders) : fd_(std::move(fd)), folders_(std::move(folders)) {}
    Result<> add(const std::string& path, const std::string& child);

    Fd fd_;
    std::vector<std::string> folders_;
    // Watch -> the names in it that matter; the empty name: all.
    std::map<int, std::set<std::string>> watches_;
    std::map<int, std::set<std::string>> arming_;
};

}  // namespace namegate::daemon

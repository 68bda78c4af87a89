// SPDX-License-Identifier: Apache-2.0
//
// Tells that the content behind one of some paths may have changed, whichever way: written in place, renamed over, linked anew, or
// the same done to a file that a chain of links leads to (resolv.conf is often a link into another program's folder).
// Says only "look again". Owns one inotify descriptor. One thread. What is not there is no failure; a folder that appears
// later is seen once arm() is called again.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "daemon/loop/name_watch.h"

namespace namegate::daemon {

class FileWatch {
  public:
    static Result<FileWatch> create(std::vector<std::string> paths);

    int fd() const { return names_.fd(); }
    // Watches the paths, and each link on the way, as they are now. Call before each reading of the files.
    Result<> arm();
    // Takes over the waiting events; true when one concerns a file.
    bool drain() { return names_.drain() != 0; }

  private:
    FileWatch(NameWatch names, std::vector<std::string> paths) : names_(std::move(names)), paths_(std::move(paths)) {}
    Result<> arm_one(std::string path);

    NameWatch names_;
    std::vector<std::string> paths_;
};

}  // namespace namegate::daemon

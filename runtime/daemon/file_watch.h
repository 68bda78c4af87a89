// SPDX-License-Identifier: Apache-2.0
//
// Tells that the content behind one path may have changed, whichever way: written in place, renamed over, linked anew, or
// the same done to a file that a chain of links leads to (resolv.conf is often a link into another program's folder).
// Says only "look again". Owns one inotify descriptor. One thread. What is not there is no failure; a folder that appears
// later is seen once arm() is called again.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"
#include "daemon/name_watch.h"

namespace namegate::daemon {

class FileWatch {
  public:
    static Result<FileWatch> create(std::string path);

    int fd() const { return names_.fd(); }
    // Watches the path, and each link on the way, as they are now. Call before each reading of the file.
    Result<> arm();
    // Takes over the waiting events; true when one concerns the file.
    bool drain() { return names_.drain() != 0; }

  private:
    FileWatch(NameWatch names, std::string path) : names_(std::move(names)), path_(std::move(path)) {}

    NameWatch names_;
    std::string path_;
};

}  // namespace namegate::daemon

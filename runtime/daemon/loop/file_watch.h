// SPDX-License-Identifier: Apache-2.0
//
// Detects that the content behind a path may have changed, whichever way: the file, or a file that a chain of links leads to, was
// written in place, renamed over or linked again (resolv.conf is often a link into another program's folder). Does not report
// what changed. Owns one inotify descriptor. One thread. A missing file or folder is not an error; a folder that appears later
// is watched after the next arm().
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
    // Watches the paths, and each link in the chain, as they are now. Call it before each reading of the files.
    Result<> arm();
    // Reads and removes all pending events. True if one concerns a file.
    bool drain() { return names_.drain() != 0; }

  private:
    FileWatch(NameWatch names, std::vector<std::string> paths) : names_(std::move(names)), paths_(std::move(paths)) {}
    Result<> arm_one(std::string path);

    NameWatch names_;
    std::vector<std::string> paths_;
};

}  // namespace namegate::daemon

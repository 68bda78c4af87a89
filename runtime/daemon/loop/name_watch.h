// SPDX-License-Identifier: Apache-2.0
//
// Detects inotify events for certain names in certain folders; the basis of DirectoryWatch and FileWatch. The set of names is
// replaced between begin() and commit(). A folder that is in the old and the new set keeps its watch, so no event is missed.
// Owns one inotify descriptor. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/fd.h"
#include "base/result.h"

namespace namegate::daemon {

class NameWatch {
  public:
    // `events`: the IN_* events to report (inotify(7)).
    static Result<NameWatch> create(std::uint32_t events);

    int fd() const { return fd_.get(); }
    void begin() { arming_.clear(); }
    // An empty name means all names in the folder. A missing folder, or a path that is not a folder, is not an error.
    Result<> add(const std::string& folder, const std::string& name);
    void commit();
    // Reads and removes all pending events. Returns the mask of the last one that concerns the names or their folders; 0: none
    // does.
    std::uint32_t drain();

  private:
    NameWatch(Fd fd, std::uint32_t events) : fd_(std::move(fd)), events_(events) {}
    bool concerns(int watch, std::uint32_t mask, const std::string& name) const;

    Fd fd_;
    std::uint32_t events_;
    std::map<int, std::set<std::string>> watches_;
    std::map<int, std::set<std::string>> arming_;
};

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
//
// Detects inotify events for certain names in certain folders; the basis of DirectoryWatch and FileWatch. The set of names is
// replaced between begin() and commit(). A folder that is in the old and the new set keeps its watch, so no event is missed.
// Owns one inotify descriptor. One thread.
#pragma once

#include <cstdint>
#include <functional>
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
    // An event in a folder all of whose names are watched.
    struct NamedEvent {
        std::uint32_t mask = 0;
        std::string folder;  // empty: unknown, or the event is not about a name in such a folder
        std::string name;
    };
    // Reads and removes all pending events. Calls `visit`, if there is one, for each that concerns the names or their folders. Returns
    // the mask of the last one; 0: none does.
    std::uint32_t drain(const std::function<void(const NamedEvent&)>& visit = {});

  private:
    NameWatch(Fd fd, std::uint32_t events) : fd_(std::move(fd)), events_(events) {}
    bool concerns(int watch, std::uint32_t mask, const std::string& name) const;
    NamedEvent named(int watch, std::uint32_t mask, std::string name) const;

    Fd fd_;
    std::uint32_t events_;
    struct Watched {
        std::set<std::string> names;
        std::set<std::string> folders;  // several paths may lead to the same folder
    };
    std::map<int, Watched> watches_;
    std::map<int, Watched> arming_;
};

}  // namespace namegate::daemon

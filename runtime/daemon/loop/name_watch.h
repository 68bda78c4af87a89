// SPDX-License-Identifier: Apache-2.0
//
// Tells that something happened to certain names in certain folders: what both kinds of watch stand on. The set is given
// anew between begin() and commit(); folders that are in it before and after keep their watch, so nothing is missed.
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
    // `events`: IN_* of the things that matter (inotify(7)).
    static Result<NameWatch> create(std::uint32_t events);

    int fd() const { return fd_.get(); }
    void begin() { arming_.clear(); }
    // The empty name: all in the folder. A folder that is not there, or is none, is no failure.
    Result<> add(const std::string& folder, const std::string& name);
    void commit();
    // Takes over the waiting events. Of the last one that concerns the names, or a folder of theirs, the mask; 0: none does.
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

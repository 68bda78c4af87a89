// SPDX-License-Identifier: Apache-2.0
//
// Decides when the policy folders are read again: a few milliseconds after the last inotify event, but at most half a second after
// the first one. Owns the inotify descriptor, its event source and the timer. One thread: that of the event loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "daemon/loop/directory_watch.h"
#include "daemon/loop/event_loop.h"

namespace namegate::daemon {

class PolicyFolderWatch {
  public:
    // `read` is called from the loop with what has changed when the folders should be read. The first call comes in the first round,
    // because the folders may have changed between their first reading and the watch. It must call begin_reading(). `is_file`: as
    // DirectoryWatch. The loop outlives the watch.
    static Result<std::unique_ptr<PolicyFolderWatch>> create(EventLoop& loop, std::vector<std::string> folders,
                                                             bool (*is_file)(std::string_view name),
                                                             std::function<void(const policy::ChangedFiles&)> read);
    ~PolicyFolderWatch() = default;
    PolicyFolderWatch(const PolicyFolderWatch&) = delete;
    PolicyFolderWatch& operator=(const PolicyFolderWatch&) = delete;
    PolicyFolderWatch(PolicyFolderWatch&&) = delete;
    PolicyFolderWatch& operator=(PolicyFolderWatch&&) = delete;

    // Watches the folders as they are now. Call it before each reading of the folders, whatever the cause.
    Result<> begin_reading();
    // A change was detected and the folders have not been read since.
    bool has_unread_change() const { return changed_since_us_ != 0; }

  private:
    PolicyFolderWatch(EventLoop& loop, DirectoryWatch folders) : loop_(loop), folders_(std::move(folders)) {}
    Result<> add_sources(std::function<void(const policy::ChangedFiles&)> read);
    void handle_events();

    EventLoop& loop_;
    DirectoryWatch folders_;
    IoSource events_;
    TimerSource quiet_;                   // fires when the folders should be read
    std::uint64_t changed_since_us_ = 0;  // time of the first unread change; 0: there is none
    policy::ChangedFiles unread_ = policy::ChangedFiles::any();
};

}  // namespace namegate::daemon

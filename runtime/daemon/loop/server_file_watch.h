// SPDX-License-Identifier: Apache-2.0
//
// Calls back when a file that names trusted DNS servers (resolv.conf) or the cluster's domain may have changed. Owns the inotify descriptor
// and its event source. One thread: that of the event loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "daemon/loop/event_loop.h"
#include "daemon/loop/file_watch.h"

namespace namegate::daemon {

class ServerFileWatch {
  public:
    // `read` is called from the loop when the files should be read again. It must call begin_reading(). The loop outlives the watch.
    static Result<std::unique_ptr<ServerFileWatch>> create(EventLoop& loop, std::vector<std::string> files, std::function<void()> read);
    ~ServerFileWatch() = default;
    ServerFileWatch(const ServerFileWatch&) = delete;
    ServerFileWatch& operator=(const ServerFileWatch&) = delete;
    ServerFileWatch(ServerFileWatch&&) = delete;
    ServerFileWatch& operator=(ServerFileWatch&&) = delete;

    // Watches the files as they are now. Call it before each reading of the files.
    Result<> begin_reading() { return files_.arm(); }

  private:
    explicit ServerFileWatch(FileWatch files) : files_(std::move(files)) {}

    FileWatch files_;
    IoSource events_;
};

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/loop/server_file_watch.h"

#include <sys/epoll.h>

namespace namegate::daemon {

Result<std::unique_ptr<ServerFileWatch>> ServerFileWatch::create(EventLoop& loop, std::vector<std::string> files,
                                                                 std::function<void()> read) {
    NG_ASSIGN(FileWatch watched, FileWatch::create(std::move(files)));
    std::unique_ptr<ServerFileWatch> watch(new ServerFileWatch(std::move(watched)));
    FileWatch& changed = watch->files_;
    NG_ASSIGN(watch->events_, loop.add_io(changed.fd(), EPOLLIN, [&changed, read = std::move(read)](std::uint32_t /*events*/) {
        if (changed.drain()) {
            read();
        }
    }));
    return watch;
}

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
//
// A socket that listens for connections, nonblocking. It owns the descriptor and, of a Unix socket, the file: the file has mode 0600
// from its first moment and is removed at the end. The caller watches the descriptor and must stop before the socket is destroyed.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/fd.h"
#include "base/ip.h"
#include "base/result.h"

namespace namegate::daemon {

class ListeningSocket {
  public:
    // Replaces a socket file without a listener. kExists: another process listens on it. `backlog`: connections that may wait.
    static Result<ListeningSocket> at_path(const std::string& path, int backlog);
    // `port` 0: a free port, see port().
    static Result<ListeningSocket> at_address(const IpAddress& ip, std::uint16_t port, int backlog);
    ListeningSocket() = default;
    ~ListeningSocket();
    ListeningSocket(ListeningSocket&& other) noexcept;
    ListeningSocket& operator=(ListeningSocket&& other) noexcept;
    ListeningSocket(const ListeningSocket&) = delete;
    ListeningSocket& operator=(const ListeningSocket&) = delete;

    int descriptor() const { return fd_.get(); }
    // 0 for a Unix socket.
    std::uint16_t port() const { return port_; }

  private:
    void remove_file();

    Fd fd_;
    std::string path_;  // the file to remove; empty: none
    std::uint16_t port_ = 0;
};

}  // namespace namegate::daemon

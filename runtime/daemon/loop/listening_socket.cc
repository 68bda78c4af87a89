// SPDX-License-Identifier: Apache-2.0
#include "daemon/loop/listening_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/unix_address.h"

namespace namegate::daemon {

namespace {

constexpr int kSocketFlags = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

bool has_listener(const sockaddr_un& address) {
    const Fd fd(::socket(AF_UNIX, kSocketFlags, 0));
    const bool connected = ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    return connected || errno == EAGAIN;
}

// Like the union of both addresses that bind(2) accepts.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    SocketAddress(const IpAddress& ip, std::uint16_t port) {
        if (ip.is_v4()) {
            sockaddr_in v4{};
            v4.sin_family = AF_INET;
            v4.sin_port = htons(port);
            std::memcpy(&v4.sin_addr, ip.wire().data(), sizeof(v4.sin_addr));
            set(v4);
        } else {
            sockaddr_in6 v6{};
            v6.sin6_family = AF_INET6;
            v6.sin6_port = htons(port);
            std::memcpy(&v6.sin6_addr, ip.bytes().data(), sizeof(v6.sin6_addr));
            set(v6);
        }
    }

    template <typename Address>
    void set(const Address& address) {
        std::memcpy(&storage, &address, sizeof(address));
        size = sizeof(address);
    }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Result<std::uint16_t> bound_port(int fd) {
    sockaddr_storage storage{};
    socklen_t size = sizeof(storage);
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
        return sys_error("getsockname", errno);
    }
    // The port is at the same place for both families.
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof(v4));
    return ntohs(v4.sin_port);
}

}  // namespace

ListeningSocket::~ListeningSocket() { remove_file(); }

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : fd_(std::move(other.fd_)), path_(std::exchange(other.path_, {})), port_(other.port_) {}

ListeningSocket& ListeningSocket::operator=(ListeningSocket&& other) noexcept {
    if (this != &other) {
        remove_file();
        fd_ = std::move(other.fd_);
        path_ = std::exchange(other.path_, {});
        port_ = other.port_;
    }
    return *this;
}

void ListeningSocket::remove_file() {
    if (!path_.empty()) {
        ::unlink(path_.c_str());
    }
}

Result<ListeningSocket> ListeningSocket::at_path(const std::string& path, int backlog) {
    NG_ASSIGN(const sockaddr_un address, unix_address(path));
    if (has_listener(address)) {
        return Error(Code::kExists, "another daemon listens on " + path);
    }
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode)) {
        return Error(Code::kExists, path + " exists and is not a socket");
    }
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return sys_error("removing the old " + path, errno);
    }
    ListeningSocket out;
    out.fd_.reset(::socket(AF_UNIX, kSocketFlags, 0));
    if (!out.fd_.valid()) {
        return sys_error("socket", errno);
    }
    // The mode has to be right from the start, because connecting needs write permission.
    const mode_t old_mask = ::umask(0177);
    const int bound = ::bind(out.fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    const int failure = errno;
    ::umask(old_mask);
    if (bound != 0) {
        return sys_error("binding " + path, failure);
    }
    out.path_ = path;
    if (::listen(out.fd_.get(), backlog) != 0) {
        return sys_error("listening on " + path, errno);
    }
    return out;
}

Result<ListeningSocket> ListeningSocket::at_address(const IpAddress& ip, std::uint16_t port, int backlog) {
    const std::string name = ip.with_port(port);
    ListeningSocket out;
    out.fd_.reset(::socket(ip.is_v4() ? AF_INET : AF_INET6, kSocketFlags, 0));
    if (!out.fd_.valid()) {
        return sys_error("a socket for " + name, errno);
    }
    // Connections of the last daemon that are still closing must not keep this one from starting.
    const int on = 1;
    if (::setsockopt(out.fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) {
        return sys_error("SO_REUSEADDR", errno);
    }
    const SocketAddress address(ip, port);
    if (::bind(out.fd_.get(), address.get(), address.size) != 0) {
        return sys_error("binding " + name, errno);
    }
    if (::listen(out.fd_.get(), backlog) != 0) {
        return sys_error("listening on " + name, errno);
    }
    NG_ASSIGN(out.port_, bound_port(out.fd_.get()));
    return out;
}

}  // namespace namegate::daemon

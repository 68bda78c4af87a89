// SPDX-License-Identifier: Apache-2.0
#include "netlink/netns.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "base/log.h"

namespace namegate::netlink {

namespace {

Result<Fd> open_namespace(const std::string& path) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) {
        const int failure = errno;
        if (failure == ENOENT || failure == ENOTDIR) {
            return Error(Code::kNotFound, "no network namespace at " + path, failure);
        }
        return sys_error("opening the network namespace " + path, failure);
    }
    struct statfs about {};
    if (::fstatfs(fd.get(), &about) != 0) {
        return sys_error("checking " + path, errno);
    }
    // A runtime that died may leave the plain file over which the namespace was bind-mounted.
    if (about.f_type != NSFS_MAGIC) {
        return Error(Code::kInvalidInput, path + " is not a network namespace");
    }
    return fd;
}

// Returns the thread to its own namespace at the end of the scope.
class NetnsReturn {
  public:
    explicit NetnsReturn(const Netns& own) : own_(own) {}
    ~NetnsReturn() {
        if (::setns(own_.fd(), CLONE_NEWNET) != 0) {
            log::error("cannot return from a network namespace", {log::kv("error", sys_error("setns", errno).message())});
            std::abort();
        }
    }
    NetnsReturn(const NetnsReturn&) = delete;
    NetnsReturn& operator=(const NetnsReturn&) = delete;
    NetnsReturn(NetnsReturn&&) = delete;
    NetnsReturn& operator=(NetnsReturn&&) = delete;

  private:
    const Netns& own_;
};

Result<Fd> open_sysctl(const std::string& name, int flags) {
    Fd fd(::open(("/proc/sys/" + name).c_str(), flags | O_CLOEXEC));
    if (!fd.valid()) {
        return sys_error("opening the kernel setting " + name, errno);
    }
    return fd;
}

}  // namespace

Result<Netns> Netns::open(const std::string& path) {
    NG_ASSIGN(Fd fd, open_namespace(path));
    return Netns(std::move(fd));
}

Result<Netns> Netns::current() {
    NG_ASSIGN(Fd fd, open_namespace("/proc/thread-self/ns/net"));
    return Netns(std::move(fd));
}

Result<bool> Netns::is_same(const Netns& other) const {
    struct stat mine {};
    struct stat theirs {};
    if (::fstat(fd_.get(), &mine) != 0 || ::fstat(other.fd_.get(), &theirs) != 0) {
        return sys_error("comparing network namespaces", errno);
    }
    return mine.st_dev == theirs.st_dev && mine.st_ino == theirs.st_ino;
}

Result<> in_netns(const Netns& netns, const std::function<Result<>()>& work) {
    NG_ASSIGN(const Netns own, Netns::current());
    if (::setns(netns.fd(), CLONE_NEWNET) != 0) {
        return sys_error("entering the network namespace", errno);
    }
    const NetnsReturn at_end(own);
    return work();
}

Result<std::string> read_sysctl(const std::string& name) {
    NG_ASSIGN(const Fd fd, open_sysctl(name, O_RDONLY));
    std::array<char, 256> buffer{};
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0) {
        return sys_error("reading the kernel setting " + name, errno);
    }
    std::string_view text(buffer.data(), static_cast<std::size_t>(got));
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
        text.remove_suffix(1);
    }
    return std::string(text);
}

Result<> write_sysctl(const std::string& name, const std::string& value) {
    NG_ASSIGN(const Fd fd, open_sysctl(name, O_WRONLY));
    if (::write(fd.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size())) {
        return sys_error("setting the kernel setting " + name + " to " + value, errno);
    }
    return ok();
}

Result<> ensure_sysctl(const std::string& name, const std::string& value) {
    NG_ASSIGN(const std::string current, read_sysctl(name));
    return current == value ? ok() : write_sysctl(name, value);
}

}  // namespace namegate::netlink

// SPDX-License-Identifier: Apache-2.0
//
// Network namespaces and their kernel settings. A Netns owns a file descriptor. Safe from any thread; the namespace that counts is
// that of the calling thread.
#pragma once

#include <functional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace namegate::netlink {

class Netns {
  public:
    // kNotFound: nothing at the path. kInvalidInput: not a network namespace.
    static Result<Netns> open(const std::string& path);
    // The namespace of the calling thread.
    static Result<Netns> current();

    int fd() const { return fd_.get(); }
    // Whether both refer to the same namespace.
    Result<bool> is_same(const Netns& other) const;

  private:
    explicit Netns(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

// Runs `work`, which must not throw, with the calling thread in the namespace. If the thread cannot return to its own, the
// process aborts, because it would change the wrong namespace.
Result<> in_netns(const Netns& netns, const std::function<Result<>()>& work);

// Kernel settings in the namespace of the calling thread. `name` has the form "net/ipv4/ip_forward".
Result<std::string> read_sysctl(const std::string& name);
Result<> write_sysctl(const std::string& name, const std::string& value);
// Writes only if the value differs: some writes walk all interfaces of the node.
Result<> ensure_sysctl(const std::string& name, const std::string& value);

}  // namespace namegate::netlink

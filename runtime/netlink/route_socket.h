// SPDX-License-Identifier: Apache-2.0
//
// A route netlink socket, and batches of requests that reach the kernel with one system call. A socket acts on the network
// namespace in which it was opened, even if the calling thread is in another. One thread at a time. Errors name the request
// ("adding route 10.0.0.1/32"), quote the kernel's message, and have its errno.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "netlink/netns.h"

struct nl_msg;
struct nl_sock;
struct nlmsghdr;
extern "C" void nl_socket_free(nl_sock* socket);

namespace namegate::netlink {

// Requests that change something, each with a description for its error.
class Batch {
  public:
    bool empty() const { return requests_.empty(); }
    // Copies the content of `message`, which the caller keeps.
    void append(nl_msg* message, std::string description);

  private:
    friend class Socket;
    struct Request {
        std::vector<std::uint8_t> bytes;
        std::string description;
    };
    std::vector<Request> requests_;
};

class Socket {
  public:
    // Opens a socket in the namespace of the calling thread.
    static Result<Socket> open();
    static Result<Socket> open_in(const Netns& netns);

    // Sends all requests and waits for all acknowledgements. The kernel executes the requests in order and does not
    // stop at a failed one. Returns the first failure.
    Result<> run(const Batch& batch);

    // Sends a request and calls `each` for every message of the reply. When the kernel reports a dump as
    // inconsistent, `restart` is called, which must discard what was collected, and the request is sent again.
    Result<> query(nl_msg* message, const std::string& description, const std::function<void()>& restart,
                   const std::function<void(nlmsghdr*)>& each);

  private:
    explicit Socket(nl_sock* socket) : socket_(socket) {}
    Result<bool> query_once(nl_msg* message, const std::string& description, const std::function<void(nlmsghdr*)>& each);

    UniqueC<nl_sock, nl_socket_free> socket_;
    std::uint32_t sequence_ = 1;
};

}  // namespace namegate::netlink

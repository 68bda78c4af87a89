// SPDX-License-Identifier: Apache-2.0
//
// A route netlink socket, and batches of requests that reach the kernel in one system call. A socket belongs
// to the network namespace it was opened in and may be used from anywhere after that, by one thread at a
// time. An error tells the request ("add route 10.0.0.1/32") and the kernel's own words; sys_errno() is kept.
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

// Requests that change something, each with the words for its error.
class Batch {
  public:
    bool empty() const { return requests_.empty(); }
    // Takes what `message` holds; the message stays the caller's.
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
    // In the namespace of the calling thread.
    static Result<Socket> open();
    static Result<Socket> open_in(const Netns& netns);

    // Sends all and waits for all acknowledgements. The kernel takes the requests in order and does not stop
    // at one that fails; the first failure is returned.
    Result<> run(const Batch& batch);

    // A request that is answered with messages: `each` sees every one. A dump that the kernel calls
    // inconsistent is asked for again, so `restart` is called first and must forget what was seen.
    Result<> query(nl_msg* message, const std::string& description, const std::function<void()>& restart,
                   const std::function<void(nlmsghdr*)>& each);

  private:
    explicit Socket(nl_sock* socket) : socket_(socket) {}
    Result<bool> query_once(nl_msg* message, const std::string& description, const std::function<void(nlmsghdr*)>& each);

    UniqueC<nl_sock, nl_socket_free> socket_;
    std::uint32_t sequence_ = 1;
};

}  // namespace namegate::netlink

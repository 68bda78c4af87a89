// SPDX-License-Identifier: Apache-2.0
//
// What runs in a pod: DNS queries and connections, from sockets that were made in its network namespace and work from any thread.
// Everything ends within the given time. Errors of the test itself throw.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/ip.h"
#include "support/dns_message.h"
#include "support/eventually.h"
#include "support/netns.h"

namespace namegate::test {

using Milliseconds = std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// The kernel repeats the first packet of a connection after one second: a connection that takes longer lost it.
inline constexpr Milliseconds kBeforeRepeat{900};
// How long to wait for a connection that must not succeed.
inline constexpr Milliseconds kDenied{250};
inline constexpr Milliseconds kPatience{10000};

// Runs the work on a thread inside the namespace; its exceptions are passed on.
void run_inside(const TestNetns& netns, const std::function<void()>& work);
Fd socket_inside(const TestNetns& netns, int family, int type, int protocol = 0);

// In the caller's namespace.
Fd open_socket(int family, int type, int protocol = 0);
Fd open_tcp(const IpAddress& to);

struct Answer {
    unsigned rcode = 0;
    std::vector<IpAddress> addresses;
};
// Nothing when it does not parse.
std::optional<Answer> parse_answer(const std::uint8_t* data, std::size_t size);

// One query over a socket of the right family, connected or not, and the first response with its id.
struct Question {
    std::string name;
    std::uint16_t type = kTypeA;
    std::string server;
    std::uint16_t port = 53;
    Milliseconds most = Milliseconds(3000);
};
std::optional<Answer> ask(const Fd& udp, const Question& question);
// One query over a separate TCP connection, or several on the same one, sent at once; empty when one fails.
std::vector<Answer> ask_tcp(const Fd& tcp, const std::string& server, const std::vector<Question>& questions);
std::optional<Answer> ask_from(const TestNetns& netns, const Question& question);

struct Attempt {
    bool connected = false;
    int error = 0;  // why not; ETIMEDOUT: no result in time
    unsigned retransmissions = 0;
    std::chrono::microseconds took{0};
};
Attempt connect_to(const Fd& tcp, const IpAddress& address, std::uint16_t port, Milliseconds most);
// Whether a connection succeeds; it is closed at once.
bool connects_from(const TestNetns& netns, const IpAddress& address, std::uint16_t port, Milliseconds most);
// All at the same time: how many succeeded.
std::size_t count_connected(const TestNetns& netns, const std::vector<IpAddress>& addresses, std::uint16_t port, Milliseconds most);
// Sends the text over the connection or to the UDP peer and waits for it to come back.
bool echoes(const Fd& socket, const std::string& text, Milliseconds most);
// The same over a separate UDP socket.
bool echoes_from(const TestNetns& netns, const IpAddress& address, std::uint16_t port, const std::string& text, Milliseconds most);
// Closes without a FIN, so that the other side keeps no state.
void drop_connection(Fd& tcp);

// A listener on every address of the family, backlog included.
Fd listen_inside(const TestNetns& netns, int family, std::uint16_t port);

}  // namespace namegate::test

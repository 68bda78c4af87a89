// SPDX-License-Identifier: Apache-2.0
// Clients that violate the protocol affect only themselves.
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "base/fd.h"
#include "daemon/socket/socket_server.h"
#include "node.h"

namespace namegate::test {
namespace {

Fd connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{5, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        fail_with_errno("connect");
    }
    return fd;
}

void say(const Fd& fd, const std::string& text) {
    std::size_t sent = 0;
    while (sent < text.size()) {
        const ssize_t got = ::send(fd.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (got <= 0) {
            return;
        }
        sent += static_cast<std::size_t>(got);
    }
}

// Up to `lines` lines, or what arrived before the end.
std::string hear(const Fd& fd, int lines) {
    std::string out;
    char c = 0;
    while (lines > 0 && ::recv(fd.get(), &c, 1, 0) == 1) {
        out += c;
        lines -= c == '\n' ? 1 : 0;
    }
    return out;
}

TEST_CASE("only root can use the socket") {
    DaemonNode node;
    node.start();
    struct stat status {};
    REQUIRE(::stat(node.socket().c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("each invalid line gets an error reply, and the connection stays open") {
    DaemonNode node;
    node.start();
    const Fd client = connect_to(node.socket());
    say(client, "garbage\n\n{\"command\":\"nothing\"}\n{\"command\":\"ips\"}\n{\"command\":\"status\"}\n");
    const std::string replies = hear(client, 5);
    CHECK(replies.find("not valid JSON") != std::string::npos);
    CHECK(replies.find("unsupported") != std::string::npos);
    CHECK(replies.find("needs the argument") != std::string::npos);
    CHECK(replies.find("\"ok\":true") != std::string::npos);
    for (const char* text :
         {"{\"command\":\"ips\",\"arguments\":{\"endpoint\":5}}\n", "{\"command\":\"ips\",\"arguments\":{\"endpoint\":\"none\"}}\n",
          "{\"command\":\"program\"}\n", "{\"command\":\"program\",\"arguments\":{\"container\":\"../../x\",\"interface\":\"/\"}}\n",
          "{\"command\":\"forget\",\"arguments\":{\"endpoint\":-1}}\n",
          "{\"command\":\"forget\",\"arguments\":{\"endpoint\":99999999999}}\n"}) {
        INFO(text);
        say(client, text);
        CHECK(hear(client, 1).find("\"ok\":false") != std::string::npos);
    }
    CHECK(node.alive());
}

TEST_CASE("a request without the end of its line gets no reply") {
    DaemonNode node;
    node.start();
    for (int i = 0; i < 200; ++i) {
        say(connect_to(node.socket()), "{\"command\":\"sta");
    }
    // Until the daemon has seen them disconnect it may refuse others.
    REQUIRE(eventually([&] { return node.ask("status").has_value(); }));
    const Fd half = connect_to(node.socket());
    say(half, "{\"command\":\"status\"}");
    ::shutdown(half.get(), SHUT_WR);
    CHECK(hear(half, 1).empty());
    const Fd whole = connect_to(node.socket());
    say(whole, "{\"command\":\"status\"}\n");
    ::shutdown(whole.get(), SHUT_WR);
    CHECK(hear(whole, 1).find("\"ok\":true") != std::string::npos);
    CHECK(node.ask("status"));
}

TEST_CASE("an endless request is cut off") {
    DaemonNode node;
    node.start();
    const Fd client = connect_to(node.socket());
    say(client, std::string(3 * api::kMaxRequestBytes, 'x'));
    const std::string reply = hear(client, 1);
    CHECK((reply.empty() || reply.find("exhausted") != std::string::npos));
    CHECK(node.ask("status"));
}

bool has_input(const Fd& fd, int most_ms) {
    pollfd waiting{fd.get(), POLLIN, 0};
    return ::poll(&waiting, 1, most_ms) == 1;
}

TEST_CASE("clients over the limit wait, and are served in order") {
    const rlimit many{8192, 8192};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &many) == 0);
    DaemonNode node;
    node.start();
    std::vector<Fd> clients;
    for (std::size_t i = 0; i < daemon::kMaxClients; ++i) {
        clients.push_back(connect_to(node.socket()));
    }
    REQUIRE(eventually([&] {
        say(clients.back(), "{\"command\":\"status\"}\n");
        return hear(clients.back(), 1).find("\"ok\":true") != std::string::npos;
    }));
    std::vector<Fd> queued;
    for (int i = 0; i < 3; ++i) {
        queued.push_back(connect_to(node.socket()));
        say(queued.back(), "{\"command\":\"status\"}\n");
    }
    CHECK_FALSE(has_input(queued.front(), 200));
    for (Fd& one : queued) {
        CHECK_FALSE(has_input(queued.back(), 0));
        clients.pop_back();
        CHECK(has_input(one, 5000));
        CHECK(hear(one, 1).find("\"ok\":true") != std::string::npos);
    }
    say(clients.front(), "{\"command\":\"status\"}\n");
    CHECK(hear(clients.front(), 1).find("\"ok\":true") != std::string::npos);
    // A plugin that waits in vain does the work itself, and the daemon learns of the endpoint a moment later.
    const TestNetns pod;
    CHECK(node.cni("ADD", "one", pod.path()).status == 0);
    clients.clear();
    queued.clear();
    CHECK(eventually([&] { return node.ask("status").has_value(); }));
    CHECK(node.becomes("one", "open"));
    CHECK(node.cni("DEL", "one", pod.path()).status == 0);
}

TEST_CASE("a client that sends a request and never reads blocks no other") {
    DaemonNode node;
    node.start();
    const Fd deaf = connect_to(node.socket());
    const timeval short_time{1, 0};
    ::setsockopt(deaf.get(), SOL_SOCKET, SO_SNDTIMEO, &short_time, sizeof(short_time));
    std::string many;
    for (int i = 0; i < 20000; ++i) {
        many += "{\"command\":\"status\"}\n";
    }
    say(deaf, many);
    CHECK(node.ask("status"));
}

}  // namespace
}  // namespace namegate::test

// SPDX-License-Identifier: Apache-2.0
#include "api/client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/file.h"
#include "support/temp_dir.h"

namespace namegate::api {
namespace {

// Listens, reads one request, sends `reply` and closes the connection.
class OneAnswer {
  public:
    OneAnswer(const std::string& path, std::string reply) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
        REQUIRE(::listen(fd_.get(), 1) == 0);
        thread_ = std::thread([this, text = std::move(reply)] {
            const Fd client(::accept(fd_.get(), nullptr, nullptr));
            std::array<char, 4096> buffer{};
            if (::recv(client.get(), buffer.data(), buffer.size(), 0) > 0 && !text.empty()) {
                static_cast<void>(::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL));
            }
            if (text.empty()) {
                // Sends nothing until the other side gives up.
                static_cast<void>(::recv(client.get(), buffer.data(), buffer.size(), 0));
            }
        });
    }
    ~OneAnswer() { thread_.join(); }
    OneAnswer(const OneAnswer&) = delete;
    OneAnswer& operator=(const OneAnswer&) = delete;
    OneAnswer(OneAnswer&&) = delete;
    OneAnswer& operator=(OneAnswer&&) = delete;

  private:
    Fd fd_;
    std::thread thread_;
};

TEST_CASE("when no daemon listens, the error has the reason that the last daemon left") {
    const test::TempDir dir;
    REQUIRE(write_file_atomically(failure_path(dir.path() + "/left"), "no room", 0600));
    CHECK(ask_daemon(dir.path() + "/left", {"status"}, 1000).error().message().find("could not run: no room") != std::string::npos);
    CHECK_FALSE(daemon_listens(dir.path() + "/left"));
}

TEST_CASE("the errors when no daemon listens, and for a path that is too long") {
    const test::TempDir dir;
    const auto reply = ask_daemon(dir.path() + "/none", {"status"}, 1000);
    REQUIRE_FALSE(reply);
    CHECK(reply.error().code() == Code::kNotFound);
    CHECK(reply.error().sys_errno() != 0);
    const auto too_long = ask_daemon("/" + std::string(200, 'x'), {"status"}, 1000);
    REQUIRE_FALSE(too_long);
    CHECK(too_long.error().code() == Code::kInvalidInput);
}

TEST_CASE("a complete reply, a refusal, half a reply, and no reply") {
    const test::TempDir dir;
    const std::string path = dir.path() + "/s";
    SECTION("reply") {
        const OneAnswer daemon(path, "{\"ok\":true,\"result\":[1]}\n");
        const auto reply = ask_daemon(path, {"status"}, 5000);
        REQUIRE(reply);
        CHECK(*reply == Json::array({1}));
    }
    SECTION("refusal") {
        const OneAnswer daemon(path, "{\"ok\":false,\"error\":{\"code\":\"not-found\",\"message\":\"no such\"}}\n");
        const auto reply = ask_daemon(path, {"ips"}, 5000);
        REQUIRE_FALSE(reply);
        CHECK(reply.error().code() == Code::kNotFound);
        CHECK(reply.error().sys_errno() == 0);
    }
    SECTION("half") {
        const OneAnswer daemon(path, "{\"ok\":true");
        const auto reply = ask_daemon(path, {"status"}, 5000);
        REQUIRE_FALSE(reply);
        CHECK(reply.error().code() == Code::kTryAgain);
    }
    SECTION("none") {
        const OneAnswer daemon(path, "");
        const auto reply = ask_daemon(path, {"status"}, 100);
        REQUIRE_FALSE(reply);
        CHECK(reply.error().code() == Code::kTryAgain);
    }
}

// Listens with a queue of one place, and serves no client before `serve` is called.
class FullQueue {
  public:
    explicit FullQueue(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
        REQUIRE(::listen(fd_.get(), 0) == 0);
        filler_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(::connect(filler_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    }
    // Sends each client the next one of the replies.
    void serve(const std::vector<std::string>& replies) const {
        const Fd filler(::accept(fd_.get(), nullptr, nullptr));
        for (const std::string& reply : replies) {
            const Fd client(::accept(fd_.get(), nullptr, nullptr));
            std::array<char, 4096> buffer{};
            static_cast<void>(::recv(client.get(), buffer.data(), buffer.size(), 0));
            static_cast<void>(::send(client.get(), reply.data(), reply.size(), MSG_NOSIGNAL));
        }
    }

  private:
    Fd fd_;
    Fd filler_;
};

TEST_CASE("a client tries again until its timeout when the queue is full or the daemon is busy") {
    const test::TempDir dir;
    const std::string path = dir.path() + "/s";
    const FullQueue daemon(path);
    const auto began = std::chrono::steady_clock::now();
    const auto refused = ask_daemon(path, {"status"}, 100);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == Code::kTryAgain);
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(2));
    CHECK(daemon_listens(path));

    const std::string busy = encode_reply(Error(Code::kTryAgain, std::string(kBusyMessage))) + "\n";
    std::thread server([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(150));
        daemon.serve({busy, busy, "{\"ok\":true,\"result\":[1]}\n"});
    });
    const auto reply = ask_daemon(path, {"status"}, 10'000);
    server.join();
    INFO((reply ? std::string() : reply.error().message()));
    CHECK(reply);
}

}  // namespace
}  // namespace namegate::api

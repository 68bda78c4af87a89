// SPDX-License-Identifier: Apache-2.0
#include "api/client.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <random>
#include <string_view>
#include <thread>

#include "base/file.h"
#include "base/unix_address.h"

namespace namegate::api {

namespace {

using Deadline = std::chrono::steady_clock::time_point;

constexpr std::chrono::seconds kIdleTime{1};  // without an event
constexpr std::size_t kMaxFailureBytes = 16384;

Result<> wait_for(int fd, short events, Deadline deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        if (left <= 0) {
            return Error(Code::kTryAgain, "the daemon did not reply in time");
        }
        pollfd waiting{fd, events, 0};
        const int ready = ::poll(&waiting, 1, static_cast<int>(left));
        if (ready > 0) {
            return ok();
        }
        if (ready < 0 && errno != EINTR) {
            return sys_error("waiting for the daemon", errno);
        }
    }
}

// Pauses between attempts. The upper bound doubles up to a limit, and each pause is random in the upper half of it, so that
// many clients that began together do not try again together.
class BackOff {
  public:
    explicit BackOff(Deadline deadline) : deadline_(deadline), random_(std::random_device()()) {}

    // Returns false if there is no time left for another attempt.
    bool pause() {
        const std::chrono::microseconds wait(std::uniform_int_distribution<std::int64_t>(longest_.count() / 2, longest_.count())(random_));
        longest_ = std::min(longest_ * 2, kMaxPause);
        if (std::chrono::steady_clock::now() + wait >= deadline_) {
            return false;
        }
        std::this_thread::sleep_for(wait);
        return true;
    }

  private:
    static constexpr std::chrono::microseconds kFirstPause{2'000};
    static constexpr std::chrono::microseconds kMaxPause{100'000};
    Deadline deadline_;
    std::minstd_rand random_;
    std::chrono::microseconds longest_ = kFirstPause;
};

// Makes one attempt. EAGAIN: the queue of the socket is full.
Result<Fd> try_to_connect(const std::string& path) {
    NG_ASSIGN(const sockaddr_un address, unix_address(path));
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd.valid()) {
        return sys_error("socket", errno);
    }
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        const int failure = errno;
        if (failure == ENOENT || failure == ECONNREFUSED || failure == ENOTDIR) {
            const auto why = read_file(failure_path(path), kMaxFailureBytes);
            return Error(Code::kNotFound, "no daemon listens on " + path + (why ? ": the last one could not run: " + *why : std::string()),
                         failure);
        }
        return sys_error("connecting to " + path, failure);
    }
    return fd;
}

Result<Fd> connect_to(const std::string& path, Deadline deadline) {
    BackOff back_off(deadline);
    for (;;) {
        auto connected = try_to_connect(path);
        if (connected || connected.error().sys_errno() != EAGAIN) {
            return connected;
        }
        if (!back_off.pause()) {
            return Error(Code::kTryAgain, "too many clients wait for the daemon on " + path, EAGAIN);
        }
    }
}

bool is_busy(const Error& error) { return error.code() == Code::kTryAgain && error.message() == kBusyMessage; }

Result<> send_all(int fd, const std::string& text, Deadline deadline) {
    std::size_t sent = 0;
    while (sent < text.size()) {
        const ssize_t got = ::send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (got >= 0) {
            sent += static_cast<std::size_t>(got);
        } else if (errno == EAGAIN) {
            NG_TRY(wait_for(fd, POLLOUT, deadline));
        } else if (errno != EINTR) {
            return sys_error("sending the request to the daemon", errno);
        }
    }
    return ok();
}

// `rest` holds the bytes received after the previous line, and on return those after this one; after kTryAgain for lack of time,
// what has been received of this one.
Result<std::string> receive_line(int fd, Deadline deadline, std::string& rest) {
    std::string line;
    std::array<char, 65536> buffer{};
    if (const std::size_t end = rest.find('\n'); end != std::string::npos) {
        line = rest.substr(0, end);
        rest.erase(0, end + 1);
        return line;
    }
    line.swap(rest);
    for (;;) {
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got == 0) {
            return Error(Code::kTryAgain, "the daemon closed the connection without a reply");
        }
        if (got < 0) {
            if (errno == EAGAIN) {
                if (const auto ready = wait_for(fd, POLLIN, deadline); !ready) {
                    rest = std::move(line);
                    return ready.error();
                }
            } else if (errno != EINTR) {
                return sys_error("reading the daemon's reply", errno);
            }
            continue;
        }
        const std::string_view chunk(buffer.data(), static_cast<std::size_t>(got));
        const std::size_t end = chunk.find('\n');
        line.append(chunk.substr(0, end));
        if (end != std::string_view::npos) {
            rest = chunk.substr(end + 1);
            return line;
        }
        if (line.size() > kMaxReplyBytes) {
            return Error(Code::kExhausted, "the daemon's reply is longer than " + std::to_string(kMaxReplyBytes) + " bytes");
        }
    }
}

}  // namespace

std::string failure_path(const std::string& socket_path) { return socket_path + ".failure"; }

bool daemon_listens(const std::string& socket_path) {
    const auto connected = try_to_connect(socket_path);
    return connected || connected.error().code() != Code::kNotFound;
}

Result<SentRequest> SentRequest::send(const std::string& socket_path, const Request& request, unsigned timeout_ms) {
    const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    SentRequest sent(socket_path, encode_request(request) + "\n", deadline);
    NG_TRY(sent.connect_and_send());
    return sent;
}

Result<> SentRequest::connect_and_send() {
    NG_ASSIGN(fd_, connect_to(socket_path_, deadline_));
    return send_all(fd_.get(), line_, deadline_);
}

Result<Json> SentRequest::reply() {
    BackOff back_off(deadline_);
    for (;;) {
        std::string rest;
        NG_ASSIGN(const std::string line, receive_line(fd_.get(), deadline_, rest));
        auto reply = parse_reply(line);
        if (reply || !is_busy(reply.error()) || !back_off.pause()) {
            return reply;
        }
        NG_TRY(connect_and_send());
    }
}

Result<Json> ask_daemon(const std::string& socket_path, const Request& request, unsigned timeout_ms) {
    NG_ASSIGN(SentRequest sent, SentRequest::send(socket_path, request, timeout_ms));
    return sent.reply();
}

Result<> follow_daemon(const std::string& socket_path, const Request& request, unsigned timeout_ms,
                       const std::function<bool(const Json&)>& take) {
    const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    NG_ASSIGN(const Fd fd, connect_to(socket_path, deadline));
    NG_TRY(send_all(fd.get(), encode_request(request) + "\n", deadline));
    std::string rest;
    NG_ASSIGN(std::string line, receive_line(fd.get(), deadline, rest));
    NG_TRY(parse_reply(line));
    for (;;) {
        const Deadline idle = std::chrono::steady_clock::now() + kIdleTime;
        auto next = receive_line(fd.get(), idle, rest);
        if (!next && std::chrono::steady_clock::now() >= idle) {
            if (!take(Json())) {
                return ok();
            }
            continue;
        }
        if (!next) {
            return next.error();
        }
        NG_ASSIGN(const Json event, parse_json(*next).with_context("the daemon's event"));
        if (!take(event)) {
            return ok();
        }
    }
}

}  // namespace namegate::api

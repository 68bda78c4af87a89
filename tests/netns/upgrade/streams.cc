// SPDX-License-Identifier: Apache-2.0
#include "streams.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

namespace namegate::test {

namespace {

constexpr std::string_view kMessage = "sixteen bytes ok";
constexpr Milliseconds kStalled{900};  // a packet that is dropped is sent again after 200 ms, then 400

}  // namespace

void Streams::start() {
    thread_ = std::thread([this] { run(); });
}

void Streams::stop() {
    stop_ = true;
    if (!thread_.joinable()) {
        return;
    }
    thread_.join();
    for (Stream& stream : streams_) {
        tcp_info info{};
        socklen_t size = sizeof info;
        if (::getsockopt(stream.fd.get(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0) {
            repeated += info.tcpi_total_retrans;
        }
        // Messages without an echo until now, for longer than one should take.
        stalled += !stream.over && stream.waits && SteadyClock::now() - stream.sent > kStalled ? 1U : 0U;
        drop_connection(stream.fd);
    }
}

void Streams::give_up(Stream& stream) {
    stream.over = true;
    stream.waits = false;
    dropped += 1;
}

void Streams::send(Stream& stream, SteadyClock::time_point now) {
    const int on = 1;
    ::setsockopt(stream.fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::send(stream.fd.get(), kMessage.data(), kMessage.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(kMessage.size())) {
        give_up(stream);
        return;
    }
    stream.sent = now;
    stream.waits = true;
}

void Streams::receive(Stream& stream, SteadyClock::time_point now) {
    std::array<char, 64> buffer{};
    const ssize_t got = ::recv(stream.fd.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EAGAIN) {
        return;
    }
    if (got != static_cast<ssize_t>(kMessage.size())) {
        give_up(stream);
        return;
    }
    const auto took = std::chrono::duration_cast<Milliseconds>(now - stream.sent);
    longest_ms = std::max<long>(longest_ms, took.count());
    stalled += took > kStalled ? 1U : 0U;
    echoes += 1;
    stream.waits = false;
    stream.due = now + rest_;
}

void Streams::run() {
    std::vector<pollfd> waiting(streams_.size());
    while (!stop_) {
        const auto now = SteadyClock::now();
        for (std::size_t i = 0; i < streams_.size(); ++i) {
            Stream& stream = streams_[i];
            if (!stream.over && !stream.waits && now >= stream.due) {
                send(stream, now);
            }
            waiting[i] = {stream.over ? -1 : stream.fd.get(), POLLIN, 0};
        }
        if (::poll(waiting.data(), waiting.size(), 1) <= 0) {
            continue;
        }
        const auto then = SteadyClock::now();
        for (std::size_t i = 0; i < streams_.size(); ++i) {
            if (waiting[i].revents != 0) {
                receive(streams_[i], then);
            }
        }
    }
}

}  // namespace namegate::test

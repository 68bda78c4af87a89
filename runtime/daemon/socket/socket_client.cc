// SPDX-License-Identifier: Apache-2.0
#include "daemon/socket/socket_client.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace namegate::daemon {

Result<std::unique_ptr<SocketClient>> SocketClient::create(EventLoop& loop, Fd fd, Serve serve) {
    std::unique_ptr<SocketClient> client(new SocketClient(std::move(fd)));
    client->last_us_ = loop.now_us();
    SocketClient* const self = client.get();
    NG_ASSIGN(client->source_,
              loop.add_io(self->fd_.get(), EPOLLIN, [self, serve = std::move(serve)](std::uint32_t events) { serve(*self, events); }));
    return client;
}

bool SocketClient::receive() {
    if (closing_) {
        return true;
    }
    std::array<char, 65536> buffer{};
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    if (got == 0) {
        // The client sends nothing more but may still read. An incomplete line is not a request.
        closing_ = true;
        return sent_ < output_.size() || input_.find('\n') != std::string::npos;
    }
    input_.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
}

std::optional<Result<std::string>> SocketClient::next_request() {
    const std::size_t end = input_.find('\n');
    if (std::min(end, input_.size()) > api::kMaxRequestBytes) {
        input_.clear();
        closing_ = true;
        return Result<std::string>(
            Error(Code::kExhausted, "the request is longer than " + std::to_string(api::kMaxRequestBytes) + " bytes"));
    }
    if (end == std::string::npos) {
        return std::nullopt;
    }
    std::string line = input_.substr(0, end);
    input_.erase(0, end + 1);
    return Result<std::string>(std::move(line));
}

void SocketClient::set_reply(std::string line) {
    waiting_ = 0;
    output_ = std::move(line);
    if (stream_) {
        for (const std::string& first : std::exchange(stream_->lines, {})) {
            output_ += first + "\n";
        }
    }
}

bool SocketClient::send() {
    while (sent_ < output_.size()) {
        const ssize_t got = ::send(fd_.get(), output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
        if (got > 0) {
            sent_ += static_cast<std::size_t>(got);
        } else if (errno == EAGAIN) {
            source_.set_events(EPOLLOUT);
            return true;
        } else if (errno != EINTR) {
            return false;
        }
    }
    output_.clear();
    sent_ = 0;
    if (closing_) {
        return input_.find('\n') != std::string::npos;
    }
    source_.set_events(EPOLLIN);
    return true;
}

void SocketClient::start_stream(EventStream stream) {
    stream_ = std::move(stream);
    input_.clear();
}

bool SocketClient::send_event(const std::string& line) {
    append_event(line);
    return send();
}

bool SocketClient::serve_stream() {
    std::array<char, 4096> ignored{};
    const ssize_t got = ::recv(fd_.get(), ignored.data(), ignored.size(), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        return false;
    }
    // Without an event: there may be room now to report the number of lost events.
    return send_event({});
}

// Appends the number of events lost since the last report, then the event. With an empty line, only the number.
void SocketClient::append_event(const std::string& line) {
    if (output_.size() - sent_ + line.size() > kMaxStreamBacklog) {
        lost_ += line.empty() ? 0U : 1U;
        return;
    }
    if (lost_ > 0) {
        output_ += api::dump({{"kind", "lost"}, {"count", std::exchange(lost_, 0)}}) + "\n";
    }
    output_ += line;
}

}  // namespace namegate::daemon

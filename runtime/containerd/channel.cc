// SPDX-License-Identifier: Apache-2.0
#include "containerd/channel.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace namegate::containerd {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr milliseconds kRetry{100};
constexpr std::size_t kReadBytes = 16UL * 1024;
constexpr unsigned kReadsAtATime = 16;               // then the owner's other work has its turn
constexpr milliseconds::rep kMaxTimeout = 99999999;  // a grpc-timeout has at most eight digits
constexpr nanoseconds::rep kSecondNs = 1'000'000'000;

Result<> add_to(int poll, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    return ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) == 0 ? ok() : Result<>(sys_error("epoll_ctl", errno));
}

std::string timeout_until(Channel::Deadline deadline) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()).count();
    return std::to_string(std::clamp<milliseconds::rep>(left, 1, kMaxTimeout)) + "m";
}

}  // namespace

Result<std::unique_ptr<Channel>> Channel::create(FindSocket find_socket) {
    Fd poll(::epoll_create1(EPOLL_CLOEXEC));
    if (!poll.valid()) {
        return sys_error("epoll_create1", errno);
    }
    Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!timer.valid()) {
        return sys_error("timerfd_create", errno);
    }
    NG_TRY(add_to(poll.get(), timer.get()));
    return std::unique_ptr<Channel>(new Channel(std::move(find_socket), std::move(poll), std::move(timer)));
}

Channel::Channel(FindSocket find_socket, Fd poll, Fd timer)
    : find_socket_(std::move(find_socket)), poll_(std::move(poll)), timer_(std::move(timer)) {}

std::string Channel::place() const { return path_.empty() ? "containerd" : "containerd at " + path_; }

void Channel::call(GrpcRequest request, Deadline deadline, Done done) {
    Call& made = calls_[next_id_++];
    made.request = std::move(request);
    made.deadline = deadline;
    made.done = std::move(done);
    advance();
}

void Channel::work() {
    std::uint64_t expired = 0;
    [[maybe_unused]] const ssize_t got = ::read(timer_.get(), &expired, sizeof(expired));
    if (session_) {
        if (const auto received = receive(); !received) {
            disconnect(received.error());
        }
    }
    advance();
    std::vector<std::pair<Done, Result<GrpcReply>>> finished;
    finished.swap(finished_);
    for (auto& [done, outcome] : finished) {
        done(std::move(outcome));
    }
    set_timer();
}

// Connects if needed and sends what can be sent. Only work() reads.
void Channel::advance() {
    expire();
    if (!session_ && has_waiting_calls() && steady_clock::now() >= next_attempt_) {
        if (const auto connected = connect(); !connected) {
            disconnect(connected.error());
        }
    }
    if (session_) {
        if (const auto sent = start_waiting_calls(); !sent) {
            disconnect(sent.error());
        }
    }
    watch();
    set_timer();
}

bool Channel::has_waiting_calls() const {
    return std::any_of(calls_.begin(), calls_.end(), [](const auto& entry) { return entry.second.stream == 0; });
}

Result<> Channel::connect() {
    path_.clear();
    NG_ASSIGN(path_, find_socket_());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof(address.sun_path)) {
        return Error(Code::kInvalidInput, "the path is too long for a socket");
    }
    std::memcpy(address.sun_path, path_.data(), path_.size());
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd.valid() || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        const int failure = errno;
        return Error(Code::kTryAgain, sys_error("connect", failure).message(), failure);
    }
    NG_TRY(add_to(poll_.get(), fd.get()));
    NG_ASSIGN(session_, Http2Session::create(*this));
    socket_ = std::move(fd);
    return ok();
}

Result<> Channel::start_waiting_calls() {
    const auto now = steady_clock::now();
    for (auto& [id, call] : calls_) {
        if (call.stream == 0 && call.not_before <= now && session_->takes_requests()) {
            NG_TRY(start(id, call));
        }
    }
    NG_TRY(send());
    return unsent_.empty() ? session_->check() : ok();
}

Result<> Channel::start(CallId id, Call& call) {
    Http2Headers headers = {{":method", "POST"},
                            {":scheme", "http"},
                            {":path", call.request.method},
                            // A socket path is not a host name, so a fixed name is sent.
                            {":authority", "localhost"},
                            {"te", "trailers"},
                            {"content-type", "application/grpc"},
                            {"user-agent", "namegate/" NAMEGATE_VERSION},
                            {"grpc-timeout", timeout_until(call.deadline)}};
    headers.insert(headers.end(), call.request.metadata.begin(), call.request.metadata.end());
    NG_ASSIGN(call.stream, session_->submit(headers, frame_message(call.request.message)));
    call.reply = GrpcReplyReader();
    streams_[call.stream] = id;
    return ok();
}

Result<> Channel::receive() {
    std::array<std::uint8_t, kReadBytes> buffer{};
    for (unsigned i = 0; i < kReadsAtATime; ++i) {
        const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (got > 0) {
            NG_TRY(session_->receive(std::span(buffer).first(static_cast<std::size_t>(got))));
        } else if (got == 0) {
            // If the server closed because of a protocol error, check() reports it, but only when all output is sent.
            static_cast<void>(send());
            NG_TRY(session_->check());
            return Error(Code::kTryAgain, "the connection was closed");
        } else if (errno == EAGAIN) {
            return ok();
        } else if (errno != EINTR) {
            return Error(Code::kTryAgain, sys_error("recv", errno).message());
        }
    }
    return ok();
}

Result<> Channel::send() {
    for (;;) {
        if (unsent_.empty()) {
            NG_ASSIGN(unsent_, session_->next_output());
        }
        if (unsent_.empty()) {
            return ok();
        }
        const ssize_t sent = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            unsent_.erase(0, static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN) {
            return ok();
        } else if (errno != EINTR) {
            return Error(Code::kTryAgain, sys_error("send", errno).message());
        }
    }
}

void Channel::on_header(Http2Session::Stream stream, std::string_view name, std::string_view value) {
    if (const auto known = streams_.find(stream); known != streams_.end()) {
        if (const auto added = calls_.at(known->second).reply.add_header(name, value); !added) {
            end_stream(stream, added.error());
        }
    }
}

void Channel::on_data(Http2Session::Stream stream, std::span<const std::uint8_t> bytes) {
    if (const auto known = streams_.find(stream); known != streams_.end()) {
        if (const auto added = calls_.at(known->second).reply.add_data(bytes); !added) {
            end_stream(stream, added.error());
        }
    }
}

void Channel::on_end(Http2Session::Stream stream) {
    const auto known = streams_.find(stream);
    if (known == streams_.end()) {
        return;
    }
    Result<GrpcReply> reply = calls_.at(known->second).reply.finish();
    if (reply) {
        end(known->second, std::move(reply));
    } else {
        end_stream(stream, reply.error());
    }
}

void Channel::on_closed(Http2Session::Stream stream, bool refused, const std::string& why) {
    const auto known = streams_.find(stream);
    if (known == streams_.end()) {
        return;
    }
    if (!refused) {
        end_stream(stream, Error(Code::kInvalidInput, why));
        return;
    }
    Call& call = calls_.at(known->second);
    call.stream = 0;
    call.failure = why;
    call.not_before = steady_clock::now() + kRetry;
    streams_.erase(known);
}

void Channel::end_stream(Http2Session::Stream stream, const Error& why) {
    session_->cancel(stream);
    end(streams_.at(stream), why);
}

void Channel::end(CallId id, Result<GrpcReply> outcome) {
    auto node = calls_.extract(id);
    Call& call = node.mapped();
    streams_.erase(call.stream);
    finished_.emplace_back(std::move(call.done), outcome ? std::move(outcome) : Result<GrpcReply>(explain(call, outcome.error())));
}

Error Channel::explain(const Call& call, const Error& why) const {
    return {why.code(), place() + " did not answer " + call.request.method + ": " + why.message(), why.sys_errno()};
}

void Channel::expire() {
    const auto now = steady_clock::now();
    std::vector<CallId> expired;
    for (const auto& [id, call] : calls_) {
        if (call.deadline <= now) {
            expired.push_back(id);
        }
    }
    for (const CallId id : expired) {
        const Call& call = calls_.at(id);
        if (call.stream != 0) {
            session_->cancel(call.stream);
        }
        end(id, Error(Code::kTryAgain, "no reply in time" + (call.failure.empty() ? std::string() : " (" + call.failure + ")")));
    }
}

void Channel::disconnect(const Error& why) {
    if (socket_.valid()) {
        // close() does not remove the socket from the epoll set while a child process has it open too.
        ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, socket_.get(), nullptr);
    }
    socket_.reset();
    session_.reset();
    unsent_.clear();
    streams_.clear();
    next_attempt_ = steady_clock::now() + kRetry;
    std::vector<CallId> broken;
    for (auto& [id, call] : calls_) {
        call.failure = why.message();
        if (why.code() != Code::kTryAgain) {
            broken.push_back(id);
        }
        call.stream = 0;
    }
    for (const CallId id : broken) {
        end(id, why);
    }
}

void Channel::watch() const {
    if (session_) {
        epoll_event event{};
        event.events = unsent_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT;
        ::epoll_ctl(poll_.get(), EPOLL_CTL_MOD, socket_.get(), &event);
    }
}

Channel::Deadline Channel::next_event() const {
    Deadline next = finished_.empty() ? Deadline::max() : steady_clock::now();
    for (const auto& entry : calls_) {
        const Call& call = entry.second;
        next = std::min(next, call.deadline);
        if (call.stream == 0 && (!session_ || session_->takes_requests())) {
            next = std::min(next, session_ ? call.not_before : next_attempt_);
        }
    }
    return next;
}

void Channel::set_timer() const {
    itimerspec timer{};
    if (const Deadline next = next_event(); next != Deadline::max()) {
        // 0 would disarm the timer.
        const auto left = std::max<nanoseconds::rep>(nanoseconds(next - steady_clock::now()).count(), 1);
        timer.it_value = {left / kSecondNs, left % kSecondNs};
    }
    ::timerfd_settime(timer_.get(), 0, &timer, nullptr);
}

}  // namespace namegate::containerd

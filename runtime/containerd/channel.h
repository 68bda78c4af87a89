// SPDX-License-Identifier: Apache-2.0
//
// Unary gRPC calls over a unix socket: as many at a time as are wanted, on one connection, which is made when it is first
// needed and again when it is lost. A call waits for a server that is not there, and a lost one is made again: so it must be
// one that may be repeated. Owns connection, timer and what is under way; one thread. Nothing blocks: the owner polls fd()
// and calls work(). What is under way when the channel goes is dropped without a word.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "containerd/grpc_reply.h"
#include "containerd/http2_session.h"

namespace namegate::containerd {

struct GrpcRequest {
    std::string method;     // "/package.Service/Method"
    Http2Headers metadata;  // names in small letters
    std::string message;
};

class Channel final : private Http2Session::Listener {
  public:
    using Deadline = std::chrono::steady_clock::time_point;
    // kTryAgain: no reply in time. kInvalidInput: what came is no gRPC. kExhausted: it is longer than is taken. Each
    // says which method was asked for, and where.
    using Done = std::function<void(Result<GrpcReply>)>;
    // The path of the socket, asked for at each attempt to connect.
    using FindSocket = std::function<Result<std::string>()>;

    static Result<std::unique_ptr<Channel>> create(FindSocket find_socket);
    ~Channel() override = default;
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    Channel(Channel&&) = delete;
    Channel& operator=(Channel&&) = delete;

    // Readable when there is something to do; the same one for good.
    int fd() const { return poll_.get(); }
    // Does what can be done now, and calls the Done of what is over; they may ask anew.
    void work();
    // `done` is called once, by work().
    void call(GrpcRequest request, Deadline deadline, Done done);
    // "containerd at /run/containerd/containerd.sock"
    std::string place() const;

  private:
    using CallId = std::uint64_t;
    struct Call {
        GrpcRequest request;
        Deadline deadline{};
        Done done;
        Http2Session::Stream stream = 0;  // 0: waits for a connection
        GrpcReplyReader reply;
        Deadline not_before{};  // a stream that was refused is not asked for at once again
        std::string failure;    // of the last attempt
    };

    Channel(FindSocket find_socket, Fd poll, Fd timer);
    void on_header(Http2Session::Stream stream, std::string_view name, std::string_view value) override;
    void on_data(Http2Session::Stream stream, std::span<const std::uint8_t> bytes) override;
    void on_end(Http2Session::Stream stream) override;
    void on_closed(Http2Session::Stream stream, bool refused, const std::string& why) override;

    void advance();
    bool is_waited_for() const;
    Deadline next_event() const;
    Result<> connect();
    Result<> start_waiting();
    Result<> start(CallId id, Call& call);
    Result<> receive();
    Result<> send();
    void expire();
    // Gives the connection up. All calls are made again a moment later when the error is kTryAgain, and end with it else.
    void lose(const Error& why);
    void end(CallId id, Result<GrpcReply> outcome);
    void end_stream(Http2Session::Stream stream, const Error& why);
    Error explain(const Call& call, const Error& why) const;
    void watch() const;
    void set_timer() const;

    const FindSocket find_socket_;
    const Fd poll_;  // of socket and timer
    const Fd timer_;
    std::string path_;  // of the last attempt
    Fd socket_;
    std::unique_ptr<Http2Session> session_;  // null: not connected
    std::string unsent_;
    Deadline next_attempt_{};
    CallId next_id_ = 1;
    std::map<CallId, Call> calls_;
    std::map<Http2Session::Stream, CallId> streams_;
    std::vector<std::pair<Done, Result<GrpcReply>>> over_;
};

}  // namespace namegate::containerd

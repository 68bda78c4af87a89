// SPDX-License-Identifier: Apache-2.0
//
// Unary gRPC calls over a Unix socket. All calls share one connection. The channel connects when a call needs it, and tries again
// until the deadline of the call. A call is repeated after a lost connection, so its method must be idempotent. Owns the
// connection, the timer and the calls in progress. One thread. Nothing blocks: the owner polls fd() and calls work(). The
// destructor drops calls in progress without calling their Done.
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
    Http2Headers metadata;  // names in lower case
    std::string message;
};

class Channel final : private Http2Session::Listener {
  public:
    using Deadline = std::chrono::steady_clock::time_point;
    // kTryAgain: no reply in time. kInvalidInput: the reply is not gRPC. kExhausted: the reply exceeds a limit. Each
    // error names the method and the server.
    using Done = std::function<void(Result<GrpcReply>)>;
    // Returns the path of the socket; called at each attempt to connect.
    using FindSocket = std::function<Result<std::string>()>;

    static Result<std::unique_ptr<Channel>> create(FindSocket find_socket);
    ~Channel() override = default;
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    Channel(Channel&&) = delete;
    Channel& operator=(Channel&&) = delete;

    // Readable when work() has something to do. The descriptor never changes.
    int fd() const { return poll_.get(); }
    // Does what can be done now and calls the Done of each finished call. A Done may start another call.
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
        Http2Session::Stream stream = 0;  // 0: not sent
        GrpcReplyReader reply;
        Deadline not_before{};  // when a call that the server refused may be sent again
        std::string failure;    // of the last attempt
    };

    Channel(FindSocket find_socket, Fd poll, Fd timer);
    void on_header(Http2Session::Stream stream, std::string_view name, std::string_view value) override;
    void on_data(Http2Session::Stream stream, std::span<const std::uint8_t> bytes) override;
    void on_end(Http2Session::Stream stream) override;
    void on_closed(Http2Session::Stream stream, bool refused, const std::string& why) override;

    void advance();
    bool has_waiting_calls() const;
    Deadline next_event() const;
    Result<> connect();
    Result<> start_waiting_calls();
    Result<> start(CallId id, Call& call);
    Result<> receive();
    Result<> send();
    void expire();
    // Closes the connection. With kTryAgain all calls are repeated after a delay; any other error ends them.
    void disconnect(const Error& why);
    void end(CallId id, Result<GrpcReply> outcome);
    void end_stream(Http2Session::Stream stream, const Error& why);
    Error explain(const Call& call, const Error& why) const;
    // Tells epoll whether to report that the socket is writable.
    void watch() const;
    void set_timer() const;

    const FindSocket find_socket_;
    const Fd poll_;  // epoll set of socket and timer
    const Fd timer_;
    std::string path_;  // of the last attempt
    Fd socket_;
    std::unique_ptr<Http2Session> session_;  // null: not connected
    std::string unsent_;
    Deadline next_attempt_{};
    CallId next_id_ = 1;
    std::map<CallId, Call> calls_;
    std::map<Http2Session::Stream, CallId> streams_;
    std::vector<std::pair<Done, Result<GrpcReply>>> finished_;
};

}  // namespace namegate::containerd

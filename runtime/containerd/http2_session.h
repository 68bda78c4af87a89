// SPDX-License-Identifier: Apache-2.0
//
// The client's side of one HTTP/2 connection (RFC 9113) without the connection: bytes that came go in, bytes to be sent
// come out. Owns nghttp2's session and the requests that are not sent yet. One thread; the listener is called
// from receive() and next_output() alone, may call cancel() there, and outlives the session.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

struct nghttp2_session;
extern "C" void nghttp2_session_del(nghttp2_session* session);

namespace namegate::containerd {

using Http2Headers = std::vector<std::pair<std::string, std::string>>;

class Http2Session {
  public:
    using Stream = std::int32_t;

    class Listener {
      public:
        Listener() = default;
        virtual ~Listener() = default;
        Listener(const Listener&) = delete;
        Listener& operator=(const Listener&) = delete;
        Listener(Listener&&) = delete;
        Listener& operator=(Listener&&) = delete;

        virtual void on_header(Stream stream, std::string_view name, std::string_view value) = 0;
        virtual void on_data(Stream stream, std::span<const std::uint8_t> bytes) = 0;
        // The server has said all.
        virtual void on_end(Stream stream) = 0;
        // Nothing more comes of this stream. `refused`: the server did nothing of what was asked.
        virtual void on_closed(Stream stream, bool refused, const std::string& why) = 0;
    };

    static Result<std::unique_ptr<Http2Session>> create(Listener& listener);
    ~Http2Session();
    Http2Session(const Http2Session&) = delete;
    Http2Session& operator=(const Http2Session&) = delete;
    Http2Session(Http2Session&&) = delete;
    Http2Session& operator=(Http2Session&&) = delete;

    // Something new may be asked: not after the server's GOAWAY.
    bool takes_requests() const;
    // What the server takes at a time is minded: the rest waits. kTryAgain: not on this connection any more.
    Result<Stream> submit(const Http2Headers& headers, std::string body);
    void cancel(Stream stream);
    Result<> receive(std::span<const std::uint8_t> bytes);
    // Empty: there is nothing to be sent. Good until the next call.
    Result<std::string_view> next_output();
    // Asked when all output is sent. The connection is of no use any more: kTryAgain, the server said GOAWAY;
    // kInvalidInput, what it says is no HTTP/2.
    Result<> check() const;

  private:
    struct Body {
        std::string text;
        std::size_t sent = 0;
    };
    struct Callbacks;

    explicit Http2Session(Listener& listener) : listener_(listener) {}

    Listener& listener_;
    std::map<Stream, Body> bodies_;
    std::string goaway_;   // how the server said so; empty: it did not
    std::string trouble_;  // what the library found wrong last
    UniqueC<nghttp2_session, nghttp2_session_del> session_;
};

}  // namespace namegate::containerd

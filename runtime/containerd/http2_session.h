// SPDX-License-Identifier: Apache-2.0
//
// The client side of one HTTP/2 connection (RFC 9113), without I/O: received bytes go in, bytes to send come out. Owns the
// nghttp2 session and the requests that are not sent yet. One thread. The listener must outlive the session. It is called only
// from receive() and next_output(), and may call cancel() then.
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
        // The server has ended the stream.
        virtual void on_end(Stream stream) = 0;
        // The stream is closed. `refused`: the server has not processed the request.
        virtual void on_closed(Stream stream, bool refused, const std::string& why) = 0;
    };

    static Result<std::unique_ptr<Http2Session>> create(Listener& listener);
    ~Http2Session();
    Http2Session(const Http2Session&) = delete;
    Http2Session& operator=(const Http2Session&) = delete;
    Http2Session(Http2Session&&) = delete;
    Http2Session& operator=(Http2Session&&) = delete;

    // Whether a request can be submitted; false after the server's GOAWAY.
    bool takes_requests() const;
    // Requests above the server's limit of concurrent streams wait. kTryAgain: this connection accepts no more
    // requests.
    Result<Stream> submit(const Http2Headers& headers, std::string body);
    void cancel(Stream stream);
    Result<> receive(std::span<const std::uint8_t> bytes);
    // The next bytes to send, or empty. Valid until the next call.
    Result<std::string_view> next_output();
    // To be called when all output is sent. An error means that the connection is no longer usable: kTryAgain, the
    // server sent GOAWAY; kInvalidInput, the server violated HTTP/2.
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
    std::string goaway_;         // the content of the server's GOAWAY; empty: none
    std::string library_error_;  // the last error that the library reported
    UniqueC<nghttp2_session, nghttp2_session_del> session_;
};

}  // namespace namegate::containerd

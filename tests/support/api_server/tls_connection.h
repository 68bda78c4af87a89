// SPDX-License-Identifier: Apache-2.0
//
// The server's side of one TLS connection, with HTTP/1.1 on it. Blocks; another thread ends it by shut_down().
#pragma once

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace namegate::test {

struct ReceivedRequest {
    std::string method;
    std::string path;
    std::map<std::string, std::string> query;    // decoded
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
};

class TlsConnection {
  public:
    TlsConnection(SSL_CTX* context, Fd socket) : socket_(std::move(socket)), ssl_(SSL_new(context)) { SSL_set_fd(ssl_, socket_.get()); }
    ~TlsConnection() { SSL_free(ssl_); }
    TlsConnection(const TlsConnection&) = delete;
    TlsConnection& operator=(const TlsConnection&) = delete;
    TlsConnection(TlsConnection&&) = delete;
    TlsConnection& operator=(TlsConnection&&) = delete;

    bool accept() { return SSL_accept(ssl_) == 1; }
    // Nothing: the connection is over.
    std::optional<ReceivedRequest> receive();
    // False: the connection is over.
    bool send(std::string_view bytes) {
        return bytes.empty() || SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
    }
    bool reply(int status, const std::string& body, const std::string& more_headers = "") {
        return send("HTTP/1.1 " + std::to_string(status) + " Status\r\nContent-Type: application/json\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n" + more_headers + "\r\n" + body);
    }
    bool begin_chunks() { return send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"); }
    bool send_chunk(std::string_view bytes) {
        std::array<char, 32> size{};
        std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
        return send(size.data() + std::string(bytes) + "\r\n");
    }
    void shut_down() const { ::shutdown(socket_.get(), SHUT_RDWR); }

  private:
    Fd socket_;
    bool receive_more();

    SSL* ssl_;
    std::string received_;
};

}  // namespace namegate::test

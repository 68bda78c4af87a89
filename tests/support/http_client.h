// SPDX-License-Identifier: Apache-2.0
//
// A client of the daemon's HTTP server, byte by byte, and nonblocking: the caller runs the event loop between the steps.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace namegate::test {

class HttpClient {
  public:
    // `from`: the client's address, one of 127.0.0.0/8.
    static HttpClient tcp(std::uint16_t port, const char* from = "127.0.0.1") {
        HttpClient client(AF_INET);
        sockaddr_in own{};
        own.sin_family = AF_INET;
        ::inet_pton(AF_INET, from, &own.sin_addr);
        sockaddr_in server = own;
        server.sin_port = htons(port);
        ::inet_pton(AF_INET, "127.0.0.1", &server.sin_addr);
        client.check(::bind(client.fd_.get(), reinterpret_cast<const sockaddr*>(&own), sizeof(own)));
        client.check(::connect(client.fd_.get(), reinterpret_cast<const sockaddr*>(&server), sizeof(server)));
        return client;
    }
    static HttpClient at_path(const std::string& path) {
        HttpClient client(AF_UNIX);
        sockaddr_un server{};
        server.sun_family = AF_UNIX;
        std::memcpy(server.sun_path, path.data(), path.size());
        client.check(::connect(client.fd_.get(), reinterpret_cast<const sockaddr*>(&server), sizeof(server)));
        return client;
    }

    void send(std::string_view text) const { static_cast<void>(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL)); }
    void get(const std::string& target, const std::string& more = "") const {
        send("GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + more + "\r\n");
    }
    // Adds what has arrived, at most `most` bytes, to text().
    void receive(std::size_t most = SIZE_MAX) {
        std::array<char, 65536> buffer{};
        while (most > 0 && !ended_) {
            const ssize_t got = ::recv(fd_.get(), buffer.data(), std::min(most, buffer.size()), MSG_DONTWAIT);
            if (got <= 0) {
                ended_ = got == 0 || (errno != EAGAIN && errno != EINTR);
                return;
            }
            text_.append(buffer.data(), static_cast<std::size_t>(got));
            most -= static_cast<std::size_t>(got);
        }
    }
    const std::string& text() const { return text_; }
    bool ended() const { return ended_; }
    // Whether the headers and the whole body of one response are there.
    bool has_response() const { return head_end() != std::string::npos && body().size() >= length(); }
    // Forgets the response, for the next one.
    void clear() { text_.clear(); }
    // 0: no status line.
    int status() const { return text_.rfind("HTTP/1.1 ", 0) == 0 ? std::stoi(text_.substr(9, 3)) : 0; }
    std::string body() const { return head_end() == std::string::npos ? "" : text_.substr(head_end() + 4); }
    bool has_header(const std::string& line) const { return text_.substr(0, head_end()).find("\r\n" + line) != std::string::npos; }
    int descriptor() const { return fd_.get(); }
    void close() { fd_.reset(); }

  private:
    explicit HttpClient(int family) : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
    void check(int result) const {
        if (result != 0) {
            throw std::runtime_error(std::string("HTTP client: ") + std::strerror(errno));
        }
    }
    std::size_t head_end() const { return text_.find("\r\n\r\n"); }
    std::size_t length() const {
        const std::size_t at = text_.find("Content-Length: ");
        return at == std::string::npos ? 0 : std::stoul(text_.substr(at + 16));
    }

    Fd fd_;
    std::string text_;
    bool ended_ = false;
};

}  // namespace namegate::test

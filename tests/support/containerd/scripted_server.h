// SPDX-License-Identifier: Apache-2.0
//
// A server on a unix socket that speaks HTTP/2 as far as its script goes: it waits for a number of requests on a connection and then
// sends the given bytes, correct or not. The functions below give the bytes a meaning: frames of RFC 9113, header fields in HPACK's
// plainest form. It has one thread, which ends with the server.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "support/temp_dir.h"

namespace namegate::test {

inline constexpr std::uint8_t kData = 0;
inline constexpr std::uint8_t kHeaders = 1;
inline constexpr std::uint8_t kResetStream = 3;
inline constexpr std::uint8_t kSettings = 4;
inline constexpr std::uint8_t kPing = 6;
inline constexpr std::uint8_t kGoaway = 7;
inline constexpr std::uint8_t kContinuation = 9;
inline constexpr std::uint8_t kEndStream = 1;
inline constexpr std::uint8_t kEndHeaders = 4;

inline constexpr std::size_t kFrameHeader = 9;  // bytes before the payload

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, const std::string& payload);
std::string number32(std::uint32_t number);
using Fields = std::vector<std::pair<std::string, std::string>>;
std::string headers(std::uint32_t stream, const Fields& fields, std::uint8_t flags = kEndHeaders);
// The fields that begin a gRPC reply, its message, and those that end it.
std::string reply_headers(std::uint32_t stream);
std::string reply_data(std::uint32_t stream, const std::string& message);
std::string trailers(std::uint32_t stream, const std::string& status = "0");
std::string whole_reply(std::uint32_t stream, const std::string& message);

struct Step {
    unsigned requests = 1;  // on this connection, in total, before the bytes are sent
    std::string bytes;
    std::chrono::milliseconds between_bytes{0};  // 0: all at once
    bool repeat = false;                         // until the other side disconnects
};
using Connection = std::vector<Step>;

class ScriptedServer {
  public:
    // After its last step a connection is closed, unless `hold` is set; after the last connection no other is accepted.
    explicit ScriptedServer(std::vector<Connection> script, bool hold = false);
    ~ScriptedServer();
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;
    ScriptedServer(ScriptedServer&&) = delete;
    ScriptedServer& operator=(ScriptedServer&&) = delete;

    std::string path() const { return directory_.path() + "/scripted.sock"; }
    unsigned connections() const { return connections_; }

  private:
    class Peer;
    void run();
    void play(int fd, const Connection& steps);

    const std::vector<Connection> script_;
    const bool hold_;
    TempDir directory_;
    Fd listening_;
    std::atomic<unsigned> connections_{0};
    std::atomic<bool> ends_{false};
    std::thread thread_;
};

}  // namespace namegate::test

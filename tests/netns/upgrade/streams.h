// SPDX-License-Identifier: Apache-2.0
//
// Connections that carry data all the time: each sends a few bytes to an echo server, and again when they came back. One thread
// serves them all. Events are counted; the figures may be read from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "client.h"

namespace namegate::test {

class Streams {
  public:
    // How long a connection rests between an echo and the next message.
    explicit Streams(Milliseconds rest) : rest_(rest) {}
    ~Streams() { stop(); }
    Streams(const Streams&) = delete;
    Streams& operator=(const Streams&) = delete;
    Streams(Streams&&) = delete;
    Streams& operator=(Streams&&) = delete;

    // Connected, and non-blocking. Before start().
    void add(Fd connection) { streams_.push_back({std::move(connection), {}, {}, false, false}); }
    void start();
    // Ends the work and counts the retransmissions.
    void stop();

    std::size_t size() const { return streams_.size(); }
    std::atomic<unsigned long> echoes{0};
    std::atomic<unsigned> dropped{0};   // closed, reset, or cut
    std::atomic<unsigned> stalled{0};   // an echo took longer than a repeated packet takes
    std::atomic<unsigned> repeated{0};  // packets that the kernel sent again
    std::atomic<long> longest_ms{0};    // wait for an echo

  private:
    struct Stream {
        Fd fd;
        SteadyClock::time_point sent;
        SteadyClock::time_point due;
        bool waits;
        bool over;
    };
    void run();
    void send(Stream& stream, SteadyClock::time_point now);
    void receive(Stream& stream, SteadyClock::time_point now);
    void give_up(Stream& stream);

    Milliseconds rest_;
    std::vector<Stream> streams_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace namegate::test

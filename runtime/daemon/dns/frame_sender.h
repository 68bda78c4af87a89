// SPDX-License-Identifier: Apache-2.0
//
// Puts held frames back on host interfaces, as they were: with their checksum still to be completed, and several
// segments in one, where that is how they came. Every frame carries the mark by which the programs know it. Owns a packet
// socket; sending never waits. One thread.
#pragma once

#include <cstdint>
#include <span>

#include "base/fd.h"
#include "base/result.h"
#include "daemon/dns/frame.h"

namespace namegate::daemon {

class FrameSender {
  public:
    // In the caller's network namespace.
    static Result<FrameSender> open(std::uint32_t mark);

    // `gso_size`: payload of each segment when the frame is many, else 0.
    Result<> send(std::uint32_t ifindex, std::span<const std::uint8_t> bytes, const Frame& frame, Checksum checksum,
                  std::uint16_t gso_size);

  private:
    explicit FrameSender(Fd socket) : socket_(std::move(socket)) {}
    Fd socket_;
};

}  // namespace namegate::daemon

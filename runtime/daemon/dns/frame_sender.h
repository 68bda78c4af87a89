// SPDX-License-Identifier: Apache-2.0
//
// Sends held frames to host interfaces unchanged: an incomplete checksum stays incomplete, and a frame of several segments
// (GSO) stays one frame. Each frame has the mark by which the programs recognize it. Owns a packet socket; sending does not
// block. One thread.
#pragma once

#include <cstdint>
#include <span>

#include "base/fd.h"
#include "base/result.h"
#include "daemon/dns/frame.h"

namespace namegate::daemon {

class FrameSender {
  public:
    // Opens the socket in the caller's network namespace.
    static Result<FrameSender> open(std::uint32_t mark);

    // `gso_size`: bytes of payload in each segment of a GSO frame; 0 for any other frame.
    Result<> send(std::uint32_t ifindex, std::span<const std::uint8_t> bytes, const Frame& frame, Checksum checksum,
                  std::uint16_t gso_size);

  private:
    explicit FrameSender(Fd socket) : socket_(std::move(socket)) {}
    Fd socket_;
};

}  // namespace namegate::daemon

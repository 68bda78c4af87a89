// SPDX-License-Identifier: Apache-2.0
//
// One direction of DNS over TCP (RFC 7766): segments in, whole messages out, in the order of the stream, however it is
// split, repeated or reordered. Of bytes that come twice the first count, as in a receiver's queue. Owns its buffers, which
// are bounded. After an error the stream is of no more use: it would need more room, or the segment is of another stream
// (of a later connection with the same ports, say), and no position can be trusted. Pure; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "base/result.h"

namespace namegate::dns {

inline constexpr std::size_t kMaxStreamWaiting = std::size_t{128} * 1024;  // bytes behind a gap
inline constexpr std::size_t kMaxStreamPieces = 256;                       // runs of bytes behind a gap
// A segment this far from the next byte, either way, is not of this stream: no resolver opens such a window.
inline constexpr std::int32_t kMaxStreamDistance = 1 << 20;

class TcpStream {
  public:
    // A message without its length; lives until the callback returns.
    using Sink = std::function<void(std::span<const std::uint8_t>)>;

    // `next`: sequence number of the stream's first byte.
    explicit TcpStream(std::uint32_t next) : next_(next) {}

    // kExhausted: more bytes wait behind a gap than may. kInvalidInput: the segment begins before the stream's first byte,
    // or further than kMaxStreamDistance away.
    Result<> add(std::uint32_t sequence, std::span<const std::uint8_t> payload, const Sink& sink);
    // Sequence number of the first byte that is still missing.
    std::uint32_t next() const { return next_; }
    std::size_t buffered() const { return partial_.size() + waiting_bytes_; }

  private:
    Result<> keep(std::uint64_t at, std::span<const std::uint8_t> bytes);
    void take(std::span<const std::uint8_t> bytes, const Sink& sink);

    std::uint32_t next_;
    std::uint64_t offset_ = 0;                                    // of next_, from the stream's first byte
    std::vector<std::uint8_t> partial_;                           // in order, the beginning of a message
    std::map<std::uint64_t, std::vector<std::uint8_t>> waiting_;  // by offset; no two overlap
    std::size_t waiting_bytes_ = 0;
};

}  // namespace namegate::dns

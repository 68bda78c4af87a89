// SPDX-License-Identifier: Apache-2.0
//
// Reassembles one direction of DNS over TCP (RFC 7766): turns segments, however split, repeated or reordered, into whole
// messages in stream order. If bytes arrive twice, the first copy counts, as in a receiver's queue. Owns its buffers, whose
// size is limited. After an error the stream must not be used: either a limit was reached, or the segment belongs to
// another stream, such as a later connection with the same ports. Pure; not thread-safe.
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
inline constexpr std::size_t kMaxStreamPieces = 256;                       // contiguous pieces behind a gap
// A segment further than this before or after the next byte does not belong to this stream: no resolver has so large a window.
inline constexpr std::int32_t kMaxStreamDistance = 1 << 20;

class TcpStream {
  public:
    // Receives a message without its length prefix. The bytes are valid until the callback returns.
    using Sink = std::function<void(std::span<const std::uint8_t>)>;

    // `next`: the sequence number of the stream's first byte.
    explicit TcpStream(std::uint32_t next) : next_(next) {}

    // kExhausted: too many bytes or pieces wait behind a gap. kInvalidInput: the segment begins before the stream's first
    // byte or further away than kMaxStreamDistance.
    Result<> add(std::uint32_t sequence, std::span<const std::uint8_t> payload, const Sink& sink);
    // The sequence number of the first missing byte.
    std::uint32_t next() const { return next_; }
    std::size_t buffered() const { return partial_.size() + waiting_bytes_; }

  private:
    Result<> keep(std::uint64_t at, std::span<const std::uint8_t> bytes);
    void append(std::span<const std::uint8_t> bytes, const Sink& sink);

    std::uint32_t next_;
    std::uint64_t offset_ = 0;                                    // of next_ from the stream's first byte
    std::vector<std::uint8_t> partial_;                           // the beginning of a message
    std::map<std::uint64_t, std::vector<std::uint8_t>> waiting_;  // behind a gap, by offset, without overlaps
    std::size_t waiting_bytes_ = 0;
};

}  // namespace namegate::dns

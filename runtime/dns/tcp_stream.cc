// SPDX-License-Identifier: Apache-2.0
#include "dns/tcp_stream.h"

#include <algorithm>
#include <string>

namespace namegate::dns {

namespace {

constexpr std::size_t kLengthBytes = 2;
constexpr std::uint64_t kKeepAliveBytes = 1;

Error too_much() {
    return {Code::kExhausted, "DNS over TCP: more than " + std::to_string(kMaxStreamWaiting) + " bytes or " +
                                  std::to_string(kMaxStreamPieces) + " pieces wait behind a gap"};
}

Error not_of_this_stream() { return {Code::kInvalidInput, "DNS over TCP: a segment does not belong to this stream"}; }

}  // namespace

Result<> TcpStream::add(std::uint32_t sequence, std::span<const std::uint8_t> payload, const Sink& sink) {
    // Signed distance modulo 2^32, as TCP compares sequence numbers (RFC 9293, section 3.4).
    const auto distance = static_cast<std::int32_t>(sequence - next_);
    if (payload.empty()) {
        return ok();
    }
    if (distance > kMaxStreamDistance || distance < -kMaxStreamDistance) {
        return not_of_this_stream();
    }
    if (distance < 0) {
        // A keep-alive may carry one byte before the first (RFC 9293, section 3.8.4).
        if (static_cast<std::uint64_t>(-distance) > offset_ + kKeepAliveBytes) {
            return not_of_this_stream();
        }
        const std::size_t known = std::min(payload.size(), static_cast<std::size_t>(-std::int64_t{distance}));
        payload = payload.subspan(known);
        sequence += static_cast<std::uint32_t>(known);
        if (payload.empty() || static_cast<std::int32_t>(sequence - next_) < 0) {
            return ok();
        }
    }
    NG_TRY(keep(offset_ + (sequence - next_), payload));
    while (!waiting_.empty() && waiting_.begin()->first == offset_) {
        const auto piece = waiting_.extract(waiting_.begin());
        waiting_bytes_ -= piece.mapped().size();
        offset_ += piece.mapped().size();
        next_ += static_cast<std::uint32_t>(piece.mapped().size());
        append(piece.mapped(), sink);
    }
    return ok();
}

// Stores the bytes that are not waiting already.
Result<> TcpStream::keep(std::uint64_t at, std::span<const std::uint8_t> bytes) {
    while (!bytes.empty()) {
        auto behind = waiting_.upper_bound(at);
        if (behind != waiting_.begin()) {
            const auto before = std::prev(behind);
            const std::uint64_t end = before->first + before->second.size();
            if (end > at) {
                const std::size_t known = std::min<std::uint64_t>(end - at, bytes.size());
                bytes = bytes.subspan(known);
                at += known;
                continue;
            }
        }
        const std::size_t room = behind == waiting_.end() ? bytes.size() : std::min<std::uint64_t>(behind->first - at, bytes.size());
        // The limits do not apply to bytes that are next in the stream: they are delivered at once.
        if (at != offset_ && (waiting_bytes_ + room > kMaxStreamWaiting || waiting_.size() >= kMaxStreamPieces)) {
            return too_much();
        }
        waiting_.emplace_hint(behind, at, std::vector<std::uint8_t>(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(room)));
        waiting_bytes_ += room;
        bytes = bytes.subspan(room);
        at += room;
    }
    return ok();
}

// Appends bytes in stream order and delivers the messages that they complete.
void TcpStream::append(std::span<const std::uint8_t> bytes, const Sink& sink) {
    partial_.insert(partial_.end(), bytes.begin(), bytes.end());
    std::size_t at = 0;
    while (partial_.size() - at >= kLengthBytes) {
        const std::size_t length = static_cast<std::size_t>(partial_[at] << 8 | partial_[at + 1]);
        if (partial_.size() - at - kLengthBytes < length) {
            break;
        }
        sink({partial_.data() + at + kLengthBytes, length});
        at += kLengthBytes + length;
    }
    partial_.erase(partial_.begin(), partial_.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace namegate::dns

// SPDX-License-Identifier: Apache-2.0
//
// The daemon's side of the ring `held` (bpf/hold.h): frames that only the daemon can judge, and the signs of life by
// which the programs know that it runs. A node has one reader. The next reader gets the frames that a dead one left in
// the ring. Owns the ring and the signs of life, which end with the process. One thread. Malformed records are dropped
// and counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "datapath/loader.h"

struct ring_buffer;

namespace namegate::datapath {

inline constexpr std::size_t kHeldFramesAtOnce = 32;

// The result of the callback. A kept frame counts as held by the daemon until done() is called.
enum class FrameIs { kDone, kKept };

class HeldReader {
  public:
    // `frame` is valid until the callback returns.
    using Callback = std::function<FrameIs(const ng_held& header, std::span<const std::uint8_t> frame)>;

    // No frame is held before the first beat().
    static Result<std::unique_ptr<HeldReader>> create(Datapath& datapath, Callback callback);
    ~HeldReader();
    HeldReader(const HeldReader&) = delete;
    HeldReader& operator=(const HeldReader&) = delete;
    HeldReader(HeldReader&&) = delete;
    HeldReader& operator=(HeldReader&&) = delete;

    // Readable (epoll) while frames wait.
    int fd() const;
    // Passes waiting frames to the callback and returns their number: at most kHeldFramesAtOnce, so that a flood leaves
    // time for beat() and other work. The descriptor stays readable while frames are left. Fewer than kHeldFramesAtOnce
    // means that none is left.
    Result<std::size_t> consume();
    // Counts a kept frame as finished. The programs see this after the next consume() or write_done().
    void done(const ng_held& header);
    Result<> write_done();
    // Consumes all waiting frames. To be called only before the first beat() or after leave(), when no new frames are
    // held.
    Result<> drain();
    // Shows the programs that the daemon is alive at this tick. Call it several times within NG_READER_TICKS.
    Result<> beat(std::uint32_t now_tick);
    // Shows the programs that the daemon is shutting down: from now on they hold no frame.
    Result<> leave();
    std::uint64_t malformed() const { return malformed_; }

  private:
    HeldReader(Datapath& datapath, Callback callback) : datapath_(datapath), callback_(std::move(callback)) {}
    int receive(const void* data, std::size_t size);
    Result<> reset_done();
    Result<> put_sign_of_life();

    Datapath& datapath_;
    Callback callback_;
    ring_buffer* ring_ = nullptr;
    std::size_t handed_out_ = 0;  // in this consume()
    Fd life_;
    std::map<std::uint32_t, ng_held_sum> done_;  // by slot, since the last write_done()
    std::uint64_t malformed_ = 0;
};

}  // namespace namegate::datapath

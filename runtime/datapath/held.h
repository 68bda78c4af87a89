// SPDX-License-Identifier: Apache-2.0
//
// The daemon's end of `held` (bpf/hold.h): frames that only it can judge, and the signs by which the programs know that it
// is there. One reader a node: what a reader that died left in the ring is handed out by the next. Owns the ring and
// the signs, which end with the process, however it ends. One thread.
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

// What the callback made of a frame: one that is kept counts as with the daemon until done() says otherwise.
enum class FrameIs { kDone, kKept };

class HeldReader {
  public:
    // `frame` lives until the callback returns.
    using Callback = std::function<FrameIs(const ng_held& header, std::span<const std::uint8_t> frame)>;

    // From here to beat() nothing new is held.
    static Result<std::unique_ptr<HeldReader>> create(Datapath& datapath, Callback callback);
    ~HeldReader();
    HeldReader(const HeldReader&) = delete;
    HeldReader& operator=(const HeldReader&) = delete;
    HeldReader(HeldReader&&) = delete;
    HeldReader& operator=(HeldReader&&) = delete;

    // Readable (epoll) while frames wait.
    int fd() const;
    // Hands out frames that wait, so many at most that beat() and everybody else comes to his turn under any load: the
    // descriptor stays readable for the others. Returns how many; fewer than kHeldFramesAtOnce: none waits any more.
    Result<std::size_t> consume();
    // A frame that was kept is done with. The programs know when consume() or write_done() has told them.
    void done(const ng_held& header);
    Result<> write_done();
    // All of them: for a reader that has said that it is going, or did not say yet that it is there.
    Result<> drain();
    // "Here, at this tick": to come several times in NG_READER_TICKS.
    Result<> beat(std::uint32_t now_tick);
    // "Going": nothing is held from now on.
    Result<> leave();
    std::uint64_t malformed() const { return malformed_; }

  private:
    HeldReader(Datapath& datapath, Callback callback) : datapath_(datapath), callback_(std::move(callback)) {}
    static int on_record(void* context, void* data, std::size_t size);
    Result<> forgive();
    Result<> come_alive();

    Datapath& datapath_;
    Callback callback_;
    ring_buffer* ring_ = nullptr;
    std::size_t handed_out_ = 0;  // in this consume()
    Fd life_;
    std::map<std::uint32_t, ng_held_sum> done_;  // by slot, since the last write_done()
    std::uint64_t malformed_ = 0;
};

// An answer's chain that ends open at this name (abi.h, `joins`).
struct OpenChain {
    std::uint32_t slot = 0;
    std::uint32_t endpoint = 0;
    std::vector<std::string> labels;
    std::uint32_t until = 0;  // tick
};
// The next answer that comes to the chain's end shall be held.
Result<> await_name(Datapath& datapath, const OpenChain& chain, std::uint32_t now_tick);

}  // namespace namegate::datapath

// SPDX-License-Identifier: Apache-2.0
//
// The learned addresses of an endpoint, written from user space: fills from the name cache (D14), and the sweep of
// expired entries. The kernel writes the same entries concurrently, so an entry is copied, merged and written back as a
// whole, and the sweep puts back an entry that was renewed meanwhile. The node lock is needed only so that two sweeps
// do not overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "base/fd.h"
#include "base/ip.h"
#include "base/result.h"
#include "datapath/loader.h"

namespace namegate::datapath {

struct LearntFill {
    IpAddress address;
    std::uint64_t pattern = 0;  // pattern_id()
    std::uint32_t expiry = 0;   // tick
    IpAddress server;           // the server whose response this is
    std::uint16_t server_port = 0;
};

// The map of one slot, opened once for several addresses.
class LearntWriter {
  public:
    static Result<LearntWriter> open(Datapath& datapath, std::uint32_t slot);

    // Adds the pattern or extends its expiry; never shortens it. kExhausted: the limit of the endpoint's addresses,
    // or of unexpired patterns of this address, is reached. kTryAgain: the kernel keeps writing the same entry.
    // Once the limit of addresses was reached, this writer only changes addresses that are there.
    Result<> insert(const LearntFill& fill, std::uint32_t now_tick);

  private:
    explicit LearntWriter(Fd inner) : inner_(std::move(inner)) {}

    Fd inner_;
    bool full_ = false;
};

inline constexpr std::size_t kMaxSwept = 4096;  // expired addresses that one sweep removes, which takes a few ms

struct SweepResult {
    std::size_t removed = 0;
    std::size_t kept_by_flow = 0;
    std::size_t left = 0;
    bool cut = false;  // more than kMaxSwept had expired: sweep again
};
// Removes addresses whose patterns all expired more than `grace_ticks` ago and that no live flow uses. The grace keeps
// them visible to the tools; there is none while more than a quarter of the endpoint's limit is in use. Addresses for
// which `refuses` returns true are always removed: no name opens them any more.
Result<SweepResult> sweep_learnt(Datapath& datapath, std::uint32_t slot, std::uint32_t now_tick, std::uint32_t grace_ticks,
                                 const std::function<bool(const IpAddress&)>& refuses = {});

}  // namespace namegate::datapath

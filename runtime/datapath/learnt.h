// SPDX-License-Identifier: Apache-2.0
//
// Learnt addresses of an endpoint, written from user space: fills from the name cache (D14) and the sweep
// of what expired. The kernel writes the same entries at the same time: an entry is copied, merged and put
// back as a whole, and the sweep puts back what turned out to be fresh. Node lock held for no other reason
// than to keep two sweeps apart.
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
    IpAddress server;           // who answered
    std::uint16_t server_port = 0;
};

// The map of one slot, opened once for many addresses.
class LearntWriter {
  public:
    static Result<LearntWriter> open(Datapath& datapath, std::uint32_t slot);

    // Adds the pattern, or extends it, never shortens. kExhausted: the endpoint's limit of addresses, or of
    // live patterns on this address, is reached.
    Result<> insert(const LearntFill& fill, std::uint32_t now_tick) const;

  private:
    explicit LearntWriter(Fd inner) : inner_(std::move(inner)) {}

    Fd inner_;
};

struct SweepResult {
    std::size_t removed = 0;
    std::size_t kept_by_flow = 0;
    std::size_t left = 0;
};
// Removes addresses whose patterns all expired more than `grace_ticks` ago, for the tools to show until then, and
// that no live flow uses. No grace once a quarter of the endpoint's limit is in use. What `refuses` names goes in any case:
// no name opens it any more.
Result<SweepResult> sweep_learnt(Datapath& datapath, std::uint32_t slot, std::uint32_t now_tick, std::uint32_t grace_ticks,
                                 const std::function<bool(const IpAddress&)>& refuses = {});

}  // namespace namegate::datapath

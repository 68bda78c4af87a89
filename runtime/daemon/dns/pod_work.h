// SPDX-License-Identifier: Apache-2.0
//
// Schedules the daemon's work for the pods. A round moves what is in the rings into queues, one for each endpoint, and then
// works for a limited time, one item of each endpoint in turn; the rest waits for the next round. So a pod with many responses,
// or with expensive ones, does not delay the held responses, requests or policies of other pods for long. Each endpoint's items
// are processed in the order of the rings: a response that the kernel decided must be in the name cache before a held response,
// which may be the end of its chain. Events over an endpoint's share, and those that waited too long, are dropped and counted;
// addresses that only they would have opened stay closed. Held frames are never dropped: the programs limit their number, and
// while too many wait here the others stay in the ring. Owns the queues; the other parts outlive it. One thread; errors are
// reported to the node's health.
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "daemon/dns/fair_queue.h"
#include "daemon/dns/held_responses.h"
#include "daemon/dns/learner.h"
#include "daemon/node.h"

namespace namegate::daemon {

inline constexpr std::uint64_t kRoundNs = 2'000'000;  // of one round; its last item may exceed it
// Of an event in a queue; then it is dropped. The held responses of an endpoint are in the same queue: behind thousands of costly
// events they would wait for longer than the pod's resolver does.
inline constexpr std::uint64_t kMaxWaitNs = 1'000'000'000;
inline constexpr std::size_t kFrameReadsARound = 16;  // of kHeldFramesAtOnce frames each
inline constexpr std::size_t kMaxWaitingFrameBytes = std::size_t{16} * 1024 * 1024;

class PodWork {
  public:
    PodWork(Node& node, Learner& learner, HeldResponses& held);
    ~PodWork() = default;
    PodWork(const PodWork&) = delete;
    PodWork& operator=(const PodWork&) = delete;
    PodWork(PodWork&&) = delete;
    PodWork& operator=(PodWork&&) = delete;

    // Runs one round and reports progress to the programs. True: work is left, so call it again soon.
    bool round();
    // Makes the programs hold no further frames, and processes all that is waiting.
    void finish();

  private:
    struct Job {
        std::variant<ng_event, ng_held> header;
        std::vector<std::uint8_t> bytes;
        std::uint64_t since_boot_ns = 0;  // in the queue
    };

    void collect();
    void work(std::uint64_t until_boot_ns);
    void do_one(const Job& job);
    void put_event(const ng_event& event, std::span<const std::uint8_t> payload);

    Node& node_;
    Learner& learner_;
    HeldResponses& held_;
    FairQueue<Job> jobs_;
    std::vector<Job> frames_;      // just read
    bool held_waits_ = false;      // the ring may have more frames
    std::size_t frame_bytes_ = 0;  // of the frames in frames_ and jobs_
};

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
//
// The order in which the daemon works for the pods. A round takes what waits in the rings into queues, one an endpoint,
// and then works for a bounded time, one piece of work an endpoint in turn; the rest waits for the next round. So neither
// a flood of answers nor dear ones of one pod delay another pod's held answers, requests or policies for long. Per
// endpoint the order is that of the rings: what the kernel decided before belongs into the name cache before a held
// answer, which may be the end of its chain. Events over an endpoint's share, and those that waited too long, are dropped
// and counted: what they would have taught opens nothing. Held frames are never dropped: the programs bound them, and a
// full queue leaves them in the ring. Owns what waits; the others outlive it. One thread; what fails becomes a trouble of
// the node.
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "daemon/dns/fair_queue.h"
#include "daemon/dns/held_answers.h"
#include "daemon/dns/learner.h"
#include "daemon/node.h"

namespace namegate::daemon {

inline constexpr std::uint64_t kRoundNs = 2'000'000;        // one round; the last piece of work may go over it
inline constexpr std::uint64_t kMaxWaitNs = 1'000'000'000;  // of an event in a queue: later it would teach wrong times
inline constexpr std::size_t kFrameReadsARound = 16;        // of kHeldFramesAtOnce frames each
inline constexpr std::size_t kMaxWaitingFrameBytes = std::size_t{16} * 1024 * 1024;

class PodWork {
  public:
    PodWork(Node& node, Learner& learner, HeldAnswers& held);
    ~PodWork() = default;
    PodWork(const PodWork&) = delete;
    PodWork& operator=(const PodWork&) = delete;
    PodWork(PodWork&&) = delete;
    PodWork& operator=(PodWork&&) = delete;

    // One round, and the sign that we come round. True: more waits, so the next round shall come soon.
    bool round();
    // Nothing is held from now on; all that waits is done.
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
    HeldAnswers& held_;
    FairQueue<Job> jobs_;
    std::vector<Job> frames_;      // just read
    bool held_waits_ = false;      // perhaps there are frames that were not read
    std::size_t frame_bytes_ = 0;  // of frames in both
};

}  // namespace namegate::daemon

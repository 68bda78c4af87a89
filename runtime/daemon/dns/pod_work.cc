// SPDX-License-Identifier: Apache-2.0
#include "daemon/dns/pod_work.h"

#include <limits>
#include <utility>

namespace namegate::daemon {

PodWork::PodWork(Node& node, Learner& learner, HeldResponses& held) : node_(node), learner_(learner), held_(held), jobs_(QueueLimits{}) {
    learner_.set_sink([this](const ng_event& event, std::span<const std::uint8_t> payload) { put_event(event, payload); });
    held_.set_sink([this](const ng_held& header, std::span<const std::uint8_t> frame) {
        frames_.push_back({header, {frame.begin(), frame.end()}, 0});
        frame_bytes_ += frame.size();
    });
}

bool PodWork::round() {
    collect();
    work(node_.clock().boot_ns() + kRoundNs);
    held_.report_progress();
    return !jobs_.empty();
}

void PodWork::finish() {
    held_.leave();
    do {
        collect();
        work(std::numeric_limits<std::uint64_t>::max());
        held_.report_progress();
    } while (!jobs_.empty() || held_waits_);
}

// Reads frames before events but queues them after: an event that is older than a frame is then before it in the queue too.
void PodWork::collect() {
    held_waits_ = true;
    for (std::size_t i = 0; i < kFrameReadsARound && held_waits_ && frame_bytes_ < kMaxWaitingFrameBytes; ++i) {
        held_waits_ = held_.read();
    }
    learner_.read();
    for (Job& frame : std::exchange(frames_, {})) {
        const std::uint32_t endpoint = std::get<ng_held>(frame.header).endpoint;
        const std::size_t bytes = frame.bytes.size();
        jobs_.put(endpoint, bytes, std::move(frame));
    }
}

void PodWork::put_event(const ng_event& event, std::span<const std::uint8_t> payload) {
    if (!jobs_.has_room(event.endpoint, payload.size())) {
        learner_.drop();
        return;
    }
    jobs_.put(event.endpoint, payload.size(), {event, {payload.begin(), payload.end()}, node_.clock().boot_ns()});
}

void PodWork::work(std::uint64_t until_boot_ns) {
    do {
        const auto job = jobs_.pop();
        if (!job) {
            return;
        }
        do_one(*job);
    } while (node_.clock().boot_ns() < until_boot_ns);
}

void PodWork::do_one(const Job& job) {
    if (const auto* frame = std::get_if<ng_held>(&job.header)) {
        frame_bytes_ -= job.bytes.size();
        held_.process(*frame, job.bytes);
    } else if (node_.clock().boot_ns() - job.since_boot_ns > kMaxWaitNs) {
        learner_.drop();
    } else {
        learner_.process(std::get<ng_event>(job.header), job.bytes);
    }
}

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
//
// Held answers: each frame that the programs held is looked into, what it completes is learnt, and then it goes on
// to the pod, learnt or not. Nothing waits here for anything to come: of an answer in several parts, segments or fragments,
// each part goes on at once but the one that completes it, so the pod's own queue does the waiting. Owns the ring's
// reader, the socket and what is remembered of streams and fragments. One thread. When a frame that was read is worked on,
// PodWork decides; until then it counts as held.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>

#include "base/result.h"
#include "daemon/dns/fragments.h"
#include "daemon/dns/frame_sender.h"
#include "daemon/dns/learner.h"
#include "daemon/node.h"
#include "datapath/held.h"
#include "dns/tcp_exchange.h"

namespace namegate::daemon {

class HeldAnswers {
  public:
    static Result<std::unique_ptr<HeldAnswers>> create(Node& node, Learner& learner);
    ~HeldAnswers() = default;
    HeldAnswers(const HeldAnswers&) = delete;
    HeldAnswers& operator=(const HeldAnswers&) = delete;
    HeldAnswers(HeldAnswers&&) = delete;
    HeldAnswers& operator=(HeldAnswers&&) = delete;

    int fd() const { return reader_->fd(); }
    // Hands some of the frames that wait to the sink; false: none waits any more.
    bool read();
    void set_sink(std::function<void(const ng_held& header, std::span<const std::uint8_t> frame)> sink) { sink_ = std::move(sink); }
    // Learns from one frame that the sink was given, and puts it back.
    void take(const ng_held& header, std::span<const std::uint8_t> bytes);
    // The frames that were taken count as held no more; and the sign that we come round.
    void come_round();
    // What is due now and then: forgets what is over.
    void tick();
    // Nothing is held from now on.
    void leave();

  private:
    HeldAnswers(Node& node, Learner& learner, FrameSender sender);
    void note_loss(const ng_held& header);
    void work_on(const ng_held& header, std::span<const std::uint8_t> bytes);
    Checksum learn(const ng_held& header, const Frame& frame);
    void learn_datagram(const ng_held& header, const Frame& frame, std::span<const std::uint8_t> datagram);
    void follow_stream(const ng_held& header, const Frame& frame);
    bool has_interface(const ng_held& header) const;
    void put_back(const ng_held& header, std::span<const std::uint8_t> bytes, const Frame& frame, Checksum checksum);

    Node& node_;
    Learner& learner_;
    FrameSender sender_;
    Fragments fragments_;
    dns::TcpExchanges exchanges_;
    bool leaving_ = false;
    std::function<void(const ng_held& header, std::span<const std::uint8_t> frame)> sink_;  // none: frames are taken at once
    std::map<std::uint32_t, std::uint32_t> losses_;                                         // by endpoint: ng_held.lost of its last frame
    std::unique_ptr<datapath::HeldReader> reader_;
};

}  // namespace namegate::daemon

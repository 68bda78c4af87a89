// SPDX-License-Identifier: Apache-2.0
//
// Held responses: parses each frame that the programs held, learns from the response that it completes, and sends the frame on
// to the pod, whether or not learning succeeded. No frame waits for a later one: when a response comes in several segments or
// fragments, each goes on at once, and only the last one waits until the response is learned. The pod's own stack queues the
// others. Owns the reader of the ring, the socket and the state of streams and fragments. One thread. PodWork decides when a
// frame is processed; until then it counts as held.
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

class HeldResponses {
  public:
    static Result<std::unique_ptr<HeldResponses>> create(Node& node, Learner& learner);
    ~HeldResponses() = default;
    HeldResponses(const HeldResponses&) = delete;
    HeldResponses& operator=(const HeldResponses&) = delete;
    HeldResponses(HeldResponses&&) = delete;
    HeldResponses& operator=(HeldResponses&&) = delete;

    int fd() const { return reader_->fd(); }
    // Passes up to kHeldFramesAtOnce waiting frames to the sink. False: the ring is empty, or reading it failed.
    bool read();
    void set_sink(std::function<void(const ng_held& header, std::span<const std::uint8_t> frame)> sink) { sink_ = std::move(sink); }
    // Learns from a frame that was passed to the sink, and sends it on to the pod.
    void process(const ng_held& header, std::span<const std::uint8_t> bytes);
    // Reports to the programs which frames are done, so that they no longer count as held, and that the daemon runs.
    void report_progress();
    // Drops expired state. Call it every second.
    void tick();
    // Makes the programs hold no further frames.
    void leave();

  private:
    HeldResponses(Node& node, Learner& learner, FrameSender sender);
    void note_loss(const ng_held& header);
    void handle_frame(const ng_held& header, std::span<const std::uint8_t> bytes);
    Checksum learn(const ng_held& header, const Frame& frame);
    void learn_datagram(const ng_held& header, const Frame& frame, std::span<const std::uint8_t> datagram, std::uint64_t asked_boot_ns);
    ResponseSource source_of(const ng_held& header, const IpAddress& server, std::uint16_t port, std::uint64_t asked_boot_ns) const;
    void follow_stream(const ng_held& header, const Frame& frame);
    bool has_interface(const ng_held& header) const;
    void put_back(const ng_held& header, std::span<const std::uint8_t> bytes, const Frame& frame, Checksum checksum);

    Node& node_;
    Learner& learner_;
    FrameSender sender_;
    Fragments fragments_;
    dns::TcpExchanges exchanges_;
    bool leaving_ = false;
    // Empty in create(), which processes the frames that a dead daemon left in the ring at once.
    std::function<void(const ng_held& header, std::span<const std::uint8_t> frame)> sink_;
    std::map<std::uint32_t, std::uint32_t> losses_;  // by endpoint: ng_held.lost of its last frame
    std::unique_ptr<datapath::HeldReader> reader_;
};

}  // namespace namegate::daemon

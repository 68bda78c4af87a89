// SPDX-License-Identifier: Apache-2.0
#include "daemon/dns/held_responses.h"

#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/log.h"
#include "datapath/clock.h"
#include "datapath/reader.h"

namespace namegate::daemon {

namespace {

constexpr std::size_t kUdpHeaderBytes = 8;

// Cuts to the length in the UDP header. Empty when that length is invalid.
std::span<const std::uint8_t> cut_datagram(std::span<const std::uint8_t> segment) {
    const std::size_t length = segment.size() < kUdpHeaderBytes ? 0 : static_cast<std::size_t>(segment[4] << 8 | segment[5]);
    return length < kUdpHeaderBytes || length > segment.size() ? std::span<const std::uint8_t>() : segment.first(length);
}

// When the query passed to which the frame's response belongs. 0: not known.
std::uint64_t asked_boot_ns(const ng_held& header) {
    return header.waited == 0 ? 0 : header.boot_ns - (std::uint64_t{header.waited} << NG_WAIT_SHIFT);
}

}  // namespace

HeldResponses::HeldResponses(Node& node, Learner& learner, FrameSender sender)
    : node_(node), learner_(learner), sender_(std::move(sender)), fragments_(node.clock()), exchanges_(node.clock(), dns::TcpLimits{}) {}

Result<std::unique_ptr<HeldResponses>> HeldResponses::create(Node& node, Learner& learner) {
    NG_ASSIGN(FrameSender sender, FrameSender::open(node.datapath().held_mark()));
    std::unique_ptr<HeldResponses> held(new HeldResponses(node, learner, std::move(sender)));
    HeldResponses* self = held.get();
    NG_ASSIGN(held->reader_,
              datapath::HeldReader::create(node.datapath(), [self](const ng_held& header, std::span<const std::uint8_t> bytes) {
                  if (self->sink_) {
                      self->sink_(header, bytes);
                      return datapath::FrameIs::kKept;
                  }
                  self->handle_frame(header, bytes);
                  return datapath::FrameIs::kDone;
              }));
    NG_TRY(held->reader_->beat(datapath::tick_of(node.clock().boot_ns())));
    return held;
}

bool HeldResponses::read() {
    const auto consumed = reader_->consume();
    node_.health().report("held ring", consumed ? ok() : Result<>(consumed.error()));
    return consumed && *consumed >= datapath::kHeldFramesAtOnce;
}

void HeldResponses::process(const ng_held& header, std::span<const std::uint8_t> bytes) {
    handle_frame(header, bytes);
    reader_->done(header);
}

void HeldResponses::report_progress() {
    const auto written = reader_->write_done();
    const auto beaten = leaving_ ? ok() : reader_->beat(datapath::tick_of(node_.clock().boot_ns()));
    node_.health().report("held responses", !written ? written : beaten);
}

void HeldResponses::tick() {
    const auto is_there = [this](std::uint32_t endpoint) { return node_.records().count(endpoint) != 0; };
    fragments_.expire(is_there);
    exchanges_.expire(is_there);
    std::erase_if(losses_, [&](const auto& one) { return !is_there(one.first); });
}

void HeldResponses::leave() {
    leaving_ = true;
    node_.health().report("held responses", reader_->leave());
}

// A lost frame may have opened a connection or been a fragment, so the endpoint's state may be incomplete.
void HeldResponses::note_loss(const ng_held& header) {
    std::uint32_t& seen = losses_[header.endpoint];
    if (seen != header.lost) {
        seen = header.lost;
        exchanges_.forget(header.endpoint);
        fragments_.forget(header.endpoint);
    }
}

void HeldResponses::handle_frame(const ng_held& header, std::span<const std::uint8_t> bytes) {
    note_loss(header);
    const auto frame = parse_frame(bytes);
    Checksum checksum = Checksum::kRight;
    if (frame) {
        checksum = learn(header, *frame);
    } else {
        learner_.count_unlearnt(header.endpoint, frame.error().message());
    }
    if (header.waits != 0) {
        put_back(header, bytes, frame ? *frame : Frame{}, checksum);
    }
}

// Returns the state of the frame's checksum.
Checksum HeldResponses::learn(const ng_held& header, const Frame& frame) {
    if (frame.fragment) {
        if (const auto whole = fragments_.add(header.endpoint, frame, asked_boot_ns(header))) {
            learn_datagram(header, frame, whole->bytes, whole->asked_boot_ns);
        }
        return Checksum::kRight;  // the sender computed the datagram's checksum before fragmenting it
    }
    const auto segment = frame.protocol == IPPROTO_UDP ? cut_datagram(frame.segment) : frame.segment;
    const Checksum checksum = segment.empty() ? Checksum::kWrong : checksum_of(frame, segment);
    if (checksum == Checksum::kWrong) {
        // The pod drops it as well.
        learner_.count_unlearnt(header.endpoint, "wrong checksum");
    } else if (frame.protocol == IPPROTO_UDP) {
        learn_datagram(header, frame, segment, asked_boot_ns(header));
    } else {
        follow_stream(header, frame);
    }
    return checksum;
}

// Of a response that this frame completes.
ResponseSource HeldResponses::source_of(const ng_held& header, const IpAddress& server, std::uint16_t port,
                                        std::uint64_t asked_boot_ns) const {
    return {header.endpoint,
            server,
            port,
            false,
            0,
            node_.clock().boot_ns(),
            false,
            asked_boot_ns == 0 ? std::nullopt : std::optional(asked_boot_ns),
            header.waits != 0 ? std::nullopt : std::optional<std::uint64_t>(header.boot_ns)};
}

void HeldResponses::learn_datagram(const ng_held& header, const Frame& frame, std::span<const std::uint8_t> datagram,
                                   std::uint64_t asked_boot_ns) {
    const auto whole = cut_datagram(datagram);
    if (whole.empty() || checksum_of(frame, whole) == Checksum::kWrong) {
        learner_.count_unlearnt(header.endpoint, "wrong length or checksum");
        return;
    }
    const auto port = static_cast<std::uint16_t>(whole[0] << 8 | whole[1]);
    learner_.learn_held(source_of(header, frame.source, port, asked_boot_ns), whole.subspan(kUdpHeaderBytes));
}

void HeldResponses::follow_stream(const ng_held& header, const Frame& frame) {
    const bool from_pod = header.direction == NG_EGRESS;
    const dns::TcpPeers peers{header.endpoint, from_pod ? frame.source : frame.destination, from_pod ? frame.destination : frame.source,
                              from_pod ? frame.source_port : frame.destination_port, from_pod ? frame.destination_port : frame.source_port};
    if ((frame.flags & kTcpSyn) != 0) {
        if (from_pod) {
            exchanges_.begin(peers, frame.sequence + 1);
        } else if ((frame.flags & kTcpAck) != 0) {
            exchanges_.open(peers, frame.sequence + 1, frame.acknowledged);
        }
        return;
    }
    const auto payload = frame.payload();
    const dns::TcpFate fate =
        exchanges_.add(peers, {from_pod ? dns::TcpSide::kPod : dns::TcpSide::kServer, frame.sequence, payload, header.boot_ns},
                       [&](std::span<const std::uint8_t> message, std::uint64_t asked_boot_ns) {
                           learner_.learn_held(source_of(header, peers.server, peers.server_port, asked_boot_ns), message);
                       });
    if (fate == dns::TcpFate::kUnknown && !from_pod && !payload.empty()) {
        learner_.count_unlearnt(header.endpoint, "the connection is not tracked");
    }
    if ((frame.flags & kTcpRst) != 0) {
        exchanges_.close(peers);
    }
}

// The interface may have been removed since the frame was held, and its index reused.
bool HeldResponses::has_interface(const ng_held& header) const {
    const auto bound = datapath::read_interface(node_.datapath(), header.ifindex);
    return bound && *bound && (*bound)->endpoint == header.endpoint && (*bound)->slot == header.slot;
}

void HeldResponses::put_back(const ng_held& header, std::span<const std::uint8_t> bytes, const Frame& frame, Checksum checksum) {
    if (!has_interface(header)) {
        log::debug("held frame dropped: its endpoint is gone", {log::kv("endpoint", header.endpoint)});
        return;
    }
    const auto sent = sender_.send(header.ifindex, bytes, frame, checksum, header.gso_size);
    if (!sent && sent.error().sys_errno() != ENXIO && sent.error().sys_errno() != ENODEV) {
        log::debug("held frame lost", {log::kv("endpoint", header.endpoint), log::kv("error", sent.error().message())});
        learner_.count_lost();
    }
    if (sent) {
        node_.note_end(Timing::kHeld, header.boot_ns);
    }
}

}  // namespace namegate::daemon

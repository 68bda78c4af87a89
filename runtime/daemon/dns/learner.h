// SPDX-License-Identifier: Apache-2.0
//
// Learns from the datapath's events: records responses in the name cache, and opens the addresses that the programs did not
// open, because only a chain over several responses leads to them or because the programs could not decide the response. The
// addresses of a held response are opened before the pod receives it. A message that does not parse is counted and not used.
// PodWork decides when an event is processed. Owns the reader. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "daemon/dns/frame_response.h"
#include "daemon/node.h"
#include "datapath/events.h"
#include "dns/learning.h"
#include "node/programmer.h"

namespace namegate::daemon {

struct LearnerStats {
    std::uint64_t responses = 0;
    std::uint64_t unparsed_by_kernel = 0;
    std::uint64_t malformed = 0;
    std::uint64_t opened = 0;     // addresses that the daemon opened
    std::uint64_t joins_cut = 0;  // responses whose chains, joined with the name cache, were not followed to their end
    std::uint64_t dropped = 0;    // events that were not processed: over the endpoint's share, or too old
    std::uint64_t held_learnt = 0;
    std::uint64_t held_unlearnt = 0;  // responses that went to the pod without being learned
    std::uint64_t held_lost = 0;      // frames that could not be sent on to the pod
    std::uint64_t never_opened = 0;   // addresses that dnsNeverOpens refused, in responses that the kernel did not decide
};

struct ResponseSource {
    std::uint32_t endpoint = 0;
    IpAddress server;
    std::uint16_t server_port = 0;
    bool decided = false;            // the kernel opened the addresses that the response itself leads to
    std::size_t opened = 0;          // number of new addresses that it opened
    std::uint64_t seen_boot_ns = 0;  // when the response passed the pod's interface (D13); of a held one, now
    bool no_room = false;            // the kernel found no room for some of its addresses
    // Of a response that came as a frame: when its query passed, and the response itself.
    std::optional<std::uint64_t> asked_boot_ns = std::nullopt;   // none: not known
    std::optional<std::uint64_t> passed_boot_ns = std::nullopt;  // none: it is held until it is learned
};

class Learner {
  public:
    using FrameObserver = std::function<void(const FrameResponse& response)>;

    static Result<std::unique_ptr<Learner>> create(Node& node);

    // Passes at most kEventsAtOnce waiting events to the sink. The ring of packets is read first, but packets are passed on after
    // responses: the pod may have sent them because of a response.
    void read();
    void set_sink(datapath::EventReader::Callback sink) { sink_ = std::move(sink); }
    // Processes an event that was passed to the sink.
    void process(const ng_event& event, std::span<const std::uint8_t> payload);
    // Counts such an event as dropped instead.
    void drop() { ++stats_.dropped; }
    int fd() const { return reader_->fd(); }
    // Called with each event before it is processed.
    void set_observer(datapath::EventReader::Callback observer) { observer_ = std::move(observer); }
    // Called with each response that came as a frame, after it is processed.
    void set_frame_observer(FrameObserver observer) { frame_observer_ = std::move(observer); }
    const LearnerStats& stats() const { return stats_; }

    // A response that came as a frame, and perhaps is held until this returns.
    void learn_held(const ResponseSource& source, std::span<const std::uint8_t> payload);
    // Counts a held response, or a part of one, that was not learned.
    void count_unlearnt(std::uint32_t endpoint, const std::string& why);
    void count_lost() { ++stats_.held_lost; }

  private:
    explicit Learner(Node& node) : node_(node) {}
    void on_event(const ng_event& event, std::span<const std::uint8_t> payload);
    void on_response(const ng_event& event, std::span<const std::uint8_t> payload);
    Result<> learn(const ResponseSource& source, std::span<const std::uint8_t> payload);
    std::vector<node::Programmer::Opening> own_openings(const ResponseSource& source, const dns::Learning& learning,
                                                        const policy::CompiledPolicy& policy) const;
    void refuse(const ResponseSource& source, dns::Learning& learning);
    void log_refused(const endpoints::Record& record, const RefusedAddress& refused);
    void note_room(const ResponseSource& source, const dns::Learning& learning, const Result<>& opened);
    Result<> open_joined(const ResponseSource& source, const dns::Learning& learning);
    Result<> await_open_ends(const ResponseSource& source, const endpoints::Record& record, const dns::Learning& learning);
    void log_limit(const ng_event& event, std::span<const std::uint8_t> payload);
    bool may_log(std::uint32_t endpoint, std::uint16_t reason);

    Node& node_;
    std::unique_ptr<datapath::EventReader> reader_;
    datapath::EventReader::Callback sink_;
    datapath::EventReader::Callback observer_;
    FrameObserver frame_observer_;
    std::vector<std::pair<ng_event, std::vector<std::uint8_t>>> packets_;  // in this read(), with payload; at most kEventsAtOnce
    LearnerStats stats_;
    std::map<std::pair<std::uint32_t, std::uint16_t>, std::uint64_t> last_logged_;  // by endpoint and reason, boot_ns
};

}  // namespace namegate::daemon

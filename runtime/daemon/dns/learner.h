// SPDX-License-Identifier: Apache-2.0
//
// From the datapath's events to the name cache: answers are parsed and remembered, and addresses that only a chain
// over several answers reaches, or that the kernel did not decide, are opened here: those of held answers before
// the pod gets them. Owns the reader. One thread. A message that does not parse teaches nothing and is counted. When
// what is read here is worked on, PodWork decides.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "daemon/node.h"
#include "datapath/events.h"
#include "dns/learning.h"
#include "node/programmer.h"

namespace namegate::daemon {

struct LearnerStats {
    std::uint64_t answers = 0;
    std::uint64_t unparsed_by_kernel = 0;
    std::uint64_t malformed = 0;
    std::uint64_t opened = 0;     // addresses opened from here
    std::uint64_t joins_cut = 0;  // answers whose chains, joined with earlier ones, were not walked to their end
    std::uint64_t dropped = 0;    // events that were not looked at: over their endpoint's share, or too old
    std::uint64_t denied = 0;     // denial events seen
    std::uint64_t held_learnt = 0;
    std::uint64_t held_unlearnt = 0;  // answers that went on from here without being learnt
    std::uint64_t held_lost = 0;      // frames that could not be put back
    std::uint64_t never_opened = 0;   // addresses of answers that the kernel did not decide, which names never open
};

struct AnswerSource {
    std::uint32_t endpoint = 0;
    IpAddress server;
    std::uint16_t server_port = 0;
    bool decided = false;    // the kernel has opened what the answer itself reaches,
    std::size_t opened = 0;  // in so many new addresses
};

class Learner {
  public:
    static Result<std::unique_ptr<Learner>> create(Node& node);

    // Hands what waits in the rings to the sink, kEventsAtOnce at most; first answers, then packets, though their ring is
    // read first: the pod may have sent them because of an answer.
    void read();
    void set_sink(datapath::EventReader::Callback sink) { sink_ = std::move(sink); }
    // Works on one event that the sink was given, or leaves it out.
    void take(const ng_event& event, std::span<const std::uint8_t> payload);
    void drop() { ++stats_.dropped; }
    int fd() const { return reader_->fd(); }
    // Called with every event that is taken, before it is worked on.
    void set_observer(datapath::EventReader::Callback observer) { observer_ = std::move(observer); }
    const LearnerStats& stats() const { return stats_; }

    // An answer that is held until this returns.
    void learn_held(const AnswerSource& source, std::span<const std::uint8_t> payload);
    // One, or a part of one, that could not be put together.
    void pass_held(std::uint32_t endpoint, const std::string& why);
    void lose_held() { ++stats_.held_lost; }

  private:
    explicit Learner(Node& node) : node_(node) {}
    void on_event(const ng_event& event, std::span<const std::uint8_t> payload);
    void on_answer(const ng_event& event, std::span<const std::uint8_t> payload);
    Result<> learn(const AnswerSource& source, std::span<const std::uint8_t> payload);
    std::vector<node::Programmer::Opening> own_openings(const AnswerSource& source, const dns::Learning& learning,
                                                        const policy::CompiledPolicy& policy) const;
    void refuse(const AnswerSource& source, dns::Learning& learning);
    void tell_refused(const endpoints::Record& record, const RefusedAddress& refused);
    Result<> open_joined(const AnswerSource& source, const dns::Learning& learning);
    Result<> await_open_ends(const endpoints::Record& record, const dns::Learning& learning);
    void tell_limit(const ng_event& event, std::span<const std::uint8_t> payload);
    bool may_tell(std::uint32_t endpoint, std::uint16_t reason);

    Node& node_;
    std::unique_ptr<datapath::EventReader> reader_;
    datapath::EventReader::Callback sink_;
    datapath::EventReader::Callback observer_;
    std::vector<ng_event> packets_;  // in this read(); at most kEventsAtOnce
    LearnerStats stats_;
    std::map<std::pair<std::uint32_t, std::uint16_t>, std::uint64_t> told_;  // when a limit of an endpoint was last logged
};

}  // namespace namegate::daemon

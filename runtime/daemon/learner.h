// SPDX-License-Identifier: Apache-2.0
//
// From the datapath's events to the name cache: answers are parsed and remembered, and addresses that only a chain
// over several answers reaches, or that the kernel did not decide, are opened here. Owns the reader. One thread. A
// message that does not parse teaches nothing and is counted.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "daemon/node.h"
#include "datapath/events.h"
#include "dns/learning.h"

namespace namegate::daemon {

struct LearnerStats {
    std::uint64_t answers = 0;
    std::uint64_t unparsed_by_kernel = 0;
    std::uint64_t malformed = 0;
    std::uint64_t opened = 0;  // addresses opened from here
    std::uint64_t denied = 0;  // denial events seen
};

class Learner {
  public:
    static Result<std::unique_ptr<Learner>> create(Node& node);

    // Takes over everything that waits in the rings.
    void consume();
    int fd() const { return reader_->fd(); }
    const LearnerStats& stats() const { return stats_; }

  private:
    explicit Learner(Node& node) : node_(node) {}
    void on_event(const ng_event& event, std::span<const std::uint8_t> payload);
    void on_answer(const ng_event& event, std::span<const std::uint8_t> payload);
    void open_joined(const ng_event& event, const dns::Learning& learning);

    Node& node_;
    std::unique_ptr<datapath::EventReader> reader_;
    LearnerStats stats_;
};

}  // namespace namegate::daemon

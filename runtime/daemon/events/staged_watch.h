// SPDX-License-Identifier: Apache-2.0
//
// The sink that fills the report of staged policies: as long as policies are staged, it wants new flows and denials. Owns the report and
// the compiled previews; the node outlives it. One thread; cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "daemon/events/event.h"
#include "daemon/events/staged_events.h"
#include "daemon/events/staged_report.h"
#include "daemon/node.h"
#include "policy/model/file_resources.h"

namespace namegate::daemon {

class StagedWatch final : public EventSink {
  public:
    explicit StagedWatch(Node& node) : node_(node), verdicts_(node) {}

    bool wants(EventKind kind) const override;
    void take(const Event& event) override;
    // Begins the report again if a file with staged policies is new, has changed or is gone. Returns whether wants() may have changed.
    bool refresh();

    const StagedReport& report() const { return report_; }
    std::size_t policies() const { return policies_; }  // that are staged

  private:
    // A file that did not change is the same object in the next snapshot.
    using Files = std::vector<std::shared_ptr<const policy::FileResources>>;

    Node& node_;
    StagedEvents verdicts_;
    StagedReport report_;
    Files files_;  // those with staged policies
    std::size_t policies_ = 0;
    std::uint64_t generation_ = 0;  // of the snapshot that was looked at
};

}  // namespace namegate::daemon

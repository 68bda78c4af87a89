// SPDX-License-Identifier: Apache-2.0
//
// The flow log: a sink that writes the chosen events to a file, one line of JSON each. take() only adds to a buffer of limited size;
// work() writes it. When the disk is full or fails, lines wait in the buffer; those for which it has no room are counted, and a line
// with their number is written in their place when there is room again. After a write that took long the log waits, so that a slow
// disk takes at most a tenth of the loop's time. Nothing here can stop the daemon. Owns buffer and file; disk, clock and counts
// outlive it. One thread: that of the event loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"
#include "daemon/events/event.h"
#include "daemon/flow_log/endpoint_text.h"
#include "daemon/flow_log/flow_log_counts.h"
#include "daemon/flow_log/log_disk.h"
#include "daemon/flow_log/rotating_file.h"

namespace namegate::daemon {

inline constexpr std::size_t kMaxLogBuffer = std::size_t{4} * 1024 * 1024;
inline constexpr std::size_t kLogFlushBytes = std::size_t{256} * 1024;  // then take() writes at once
inline constexpr std::size_t kRemovedEndpoints = 256;                   // whose text is kept, for flows that end later
inline constexpr std::uint64_t kSlowWriteNs = 50'000'000;
inline constexpr std::uint64_t kLogRetryNs = 1'000'000'000;  // after a write that failed

struct FlowLogSettings {
    RotationSettings file;
    std::set<EventKind> kinds;
    std::string host;  // the node's name
};

class FlowLog final : public EventSink {
  public:
    // Empty: the endpoint is not known any more.
    using Describe = std::function<std::optional<EndpointText>(std::uint32_t endpoint)>;

    FlowLog(FlowLogSettings settings, LogDisk& disk, const Clock& clock, FlowLogCounts& counts, Describe describe);
    ~FlowLog() override = default;
    FlowLog(const FlowLog&) = delete;
    FlowLog& operator=(const FlowLog&) = delete;
    FlowLog(FlowLog&&) = delete;
    FlowLog& operator=(FlowLog&&) = delete;

    bool wants(EventKind kind) const override;
    void take(const Event& event) override;
    // Writes what waits. Call it several times a second.
    void work();
    // Begins a new file if another program renamed the log. Call it every second, and after a signal.
    void check_name() { file_.check_name(); }
    // Writes what waits, for the end of the daemon.
    void finish();
    // The problem of the last attempt to write.
    const Result<>& state() const { return state_; }

  private:
    void note_endpoint(const Event& event);
    const EndpointText* text_of(const Event& event);
    std::string_view waiting() const { return std::string_view(buffer_).substr(written_); }
    void add_lost_line();
    Result<> write_all();

    FlowLogSettings settings_;
    const Clock& clock_;
    FlowLogCounts& counts_;
    Describe describe_;
    RotatingFile file_;
    std::unordered_map<std::uint32_t, EndpointText> endpoints_;
    std::deque<std::uint32_t> removed_;  // endpoints whose flows may still end; oldest first
    std::string buffer_;
    std::size_t written_ = 0;  // of the buffer
    std::uint64_t lost_ = 0;   // lines that no line of the log counts yet
    std::uint64_t paused_until_ = 0;
    Result<> state_ = ok();
};

}  // namespace namegate::daemon

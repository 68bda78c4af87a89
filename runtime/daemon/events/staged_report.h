// SPDX-License-Identifier: Apache-2.0
//
// What staged policies would have decided otherwise than the policies in force, since they were staged: new flows that they would deny,
// and denied packets that they would allow. The same flow and verdict of an endpoint is one entry with a count, under the name that the
// endpoint had looked up, or the address. Owns its memory: a limited number of entries; what finds no space is counted. One thread;
// cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "daemon/events/event.h"
#include "daemon/events/staged_events.h"

namespace namegate::daemon {

inline constexpr std::size_t kStagedEntriesPerEndpoint = 128;
inline constexpr std::size_t kStagedEntries = 8192;

struct StagedEntry {
    bool would_allow = false;  // otherwise it would deny
    EventEndpoint endpoint;
    EventPacket packet;  // the last one
    policy::RuleOrigin origin;
    std::uint64_t count = 0;
    std::string first_time;
    std::string last_time;
};

class StagedReport {
  public:
    // Forgets everything: other policies are staged since `time`.
    void restart(std::string time);
    // `verdict` is that of the staged policies for the event, which is about a new flow or a denied packet.
    void note(const Event& event, const StagedVerdict& verdict);
    void forget(std::uint32_t endpoint);

    const std::string& since() const { return since_; }
    std::uint64_t judged() const { return judged_; }      // events with a verdict
    std::uint64_t unjudged() const { return unjudged_; }  // events without one: too many at a time, or an ICMP type matters
    std::uint64_t unlisted() const { return unlisted_; }  // events that would have needed another entry
    // By endpoint, then by how often.
    std::vector<StagedEntry> entries() const;

  private:
    // Whether it would allow, ingress, protocol, name or address, port of the service, rule.
    using Key = std::tuple<bool, bool, std::uint8_t, std::string, std::uint16_t, std::string>;

    std::map<std::uint32_t, std::map<Key, StagedEntry>> endpoints_;
    std::size_t size_ = 0;
    std::string since_;
    std::uint64_t judged_ = 0;
    std::uint64_t unjudged_ = 0;
    std::uint64_t unlisted_ = 0;
};

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
//
// Pods that use DNS over TLS, HTTPS or QUIC, whose responses the programs cannot read. Notices denied packets, as a sink of events, and
// live flows, of one endpoint in each tick whose policy has domains. Owns its memory: a limited number of resolvers, of which the one that
// was used longest ago gives way, for kEncryptedDnsNs. One thread; what cannot be read is left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "daemon/events/event.h"
#include "daemon/warnings/warning_log.h"
#include "endpoints/record.h"

namespace namegate::daemon {

class Node;

inline constexpr std::size_t kEncryptedResolvers = 64;
inline constexpr std::uint64_t kEncryptedDnsNs = 900'000'000'000;  // after the last packet or flow that was seen

class EncryptedDns final : public EventSink {
  public:
    explicit EncryptedDns(const Clock& clock) : clock_(clock) {}

    bool wants(EventKind kind) const override { return kind == EventKind::kDenied || kind == EventKind::kEndpointRemoved; }
    void take(const Event& event) override;
    // Looks at the flows of the next endpoint. Call it every second.
    void tick(Node& node);
    // One for each resolver.
    std::vector<Warning> warnings(const Node& node) const;

  private:
    void look_at(Node& node, const endpoints::Record& record);
    void note(std::uint32_t endpoint, const IpAddress& remote, std::uint8_t protocol, std::uint16_t port);

    const Clock& clock_;
    std::map<std::string, std::map<std::uint32_t, std::uint64_t>> used_;  // by dns::encrypted_dns(): endpoint and boot_ns of the last use
    std::uint32_t next_ = 0;                                              // the endpoint ids from here on are next
};

}  // namespace namegate::daemon

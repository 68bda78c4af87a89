// SPDX-License-Identifier: Apache-2.0
//
// What was denied to each endpoint lately, what was dropped without a policy, and DNS queries that were refused, for `namegatectl why`:
// denials of the same flow by the same rule, and refusals of the same question for the same reason, are one entry with a count. A sink of
// events, whose number the programs limit, so a count is a lower bound; the endpoint's counters are exact. Owns its memory: for each
// endpoint a limited number of entries of packets, and as many of queries, of which the one that was denied longest ago gives way. One
// thread; cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "daemon/events/event.h"

namespace namegate::daemon {

inline constexpr std::size_t kDenialsPerEndpoint = 64;

struct Denial {
    EventKind kind = EventKind::kDenied;
    EventPacket packet;                                      // the last one; of a refused query: the server, and the name
    std::optional<std::uint16_t> query_type = std::nullopt;  // of a refused query
    std::string reason;
    std::uint64_t count = 0;
    std::string first_time;
    std::string last_time;
    std::uint64_t last_boot_ns = 0;
};

class RecentDenials final : public EventSink {
  public:
    explicit RecentDenials(std::size_t per_endpoint = kDenialsPerEndpoint) : per_endpoint_(per_endpoint) {}

    bool wants(EventKind kind) const override {
        return is_refusal(kind) || kind == EventKind::kDnsRefused || kind == EventKind::kEndpointRemoved;
    }
    void take(const Event& event) override;
    // Newest first.
    std::vector<Denial> of(std::uint32_t endpoint) const;

  private:
    // Kind, ingress, protocol, remote address, port of the service or type of the query, rule or name of the query, reason, TLS name.
    using Key = std::tuple<EventKind, bool, std::uint8_t, IpAddress, std::uint16_t, std::string, std::string, std::string>;
    using Denials = std::map<Key, Denial>;

    std::size_t per_endpoint_;
    struct OfEndpoint {
        Denials packets;
        Denials queries;
    };
    std::map<std::uint32_t, OfEndpoint> endpoints_;
};

}  // namespace namegate::daemon

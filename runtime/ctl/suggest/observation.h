// SPDX-License-Identifier: Apache-2.0
//
// One thing that an endpoint did, as `suggest` reads it from an event of `monitor` or from a line of the flow log. Both are untrusted
// text: what has not the expected form is not an observation. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/protocol.h"
#include "base/ip.h"
#include "policy/model/selector.h"

namespace namegate::ctl {

inline constexpr std::size_t kMaxObservedNames = 32;       // of one observation
inline constexpr std::size_t kMaxObservedAddresses = 256;  // of one lookup

struct Observation {
    enum class Kind { kFlow, kFlowEnded, kDenied, kLookup, kLost };

    Kind kind = Kind::kFlow;
    std::string endpoint;    // "namespace/pod", or a container id
    std::string name_space;  // empty: not a pod
    std::string time;
    std::optional<policy::Labels> labels;  // none: the source does not have them
    // Of flows and denials.
    bool ingress = false;
    std::uint8_t protocol = 0;
    std::uint16_t port = 0;          // of the peer; 0: the protocol has none
    std::vector<std::string> names;  // that the endpoint asked for and that led to `remote`
    std::string rule;                // that decided
    // Of flows and denials the peer, of lookups the server.
    IpAddress remote;
    // Of lookups.
    std::string name;
    std::vector<IpAddress> addresses;
    std::uint64_t lost = 0;
};

// Of one line of `monitor -o json` or of the flow log. Empty: it is about something else, or has another form.
std::optional<Observation> read_observation(const api::Json& line);

}  // namespace namegate::ctl

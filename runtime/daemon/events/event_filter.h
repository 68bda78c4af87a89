// SPDX-License-Identifier: Apache-2.0
//
// Which events a stream contains. A value; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/events/event.h"
#include "policy/model/domain_pattern.h"

namespace namegate::daemon {

struct EventFilter {
    std::optional<std::uint32_t> endpoint;
    std::string name_space;  // of the pod; an empty text here and below matches every event
    std::string pod;
    std::optional<policy::DomainPattern> name;  // that the response has, or that led to the packet's address
    std::string rule;                           // the beginning of the rule's name: of a policy, or of one of its rules
    // Kinds: without any of these, all but those on request.
    bool denied = false;     // denied and cut packets
    bool dns = false;        // DNS responses
    bool flows = false;      // new flows that were allowed, and flows that ended
    bool addresses = false;  // addresses that names opened, and that expired

    bool matches_kind(EventKind kind) const;
    bool matches(const Event& event) const;
};

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
//
// What policies say and nobody does: one that selects no endpoint, domains that no endpoint ever looked up. Looks at one
// policy at a time, in rounds, so that the caller can share out the work. What just came is given time: an endpoint to look up
// its names, a policy to find its endpoints before that is logged. Owns its memory only. One thread; cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "daemon/warnings/lookups.h"
#include "daemon/warnings/warning_log.h"
#include "policy/model/resources.h"

namespace namegate::daemon {

inline constexpr std::uint64_t kWarningGraceSeconds = 300;
inline constexpr std::size_t kMaxDomainsWatched = 4096;  // of one policy; the rest is not warned of

// Whom a policy selects on this node.
struct Selected {
    std::vector<std::uint32_t> endpoints;  // ids
    std::size_t unknown = 0;               // of so many it is not known (S8)
};

class PolicyWarnings {
  public:
    // Does the name cache tell that the endpoint looked it up lately?
    using IsCached = std::function<bool(std::uint32_t endpoint, const policy::DomainPattern& domain)>;

    PolicyWarnings(const Clock& clock, Lookups& lookups) : clock_(clock), lookups_(lookups) {}

    // `endpoints`: the ids of all there are.
    void begin(const std::vector<std::uint32_t>& endpoints);
    // Returns what it cost, in domains and endpoints looked at.
    std::size_t look_at(const policy::Policy& policy, const Selected& selected, const IsCached& is_cached);
    void end();

    // Of the last round that ended, each policy by itself.
    const std::vector<Warning>& unselected() const { return shown_.unselected; }
    const std::vector<Warning>& not_looked_up() const { return shown_.not_looked_up; }
    // Of both those that are to be logged.
    const std::vector<Warning>& to_log() const { return shown_.to_log; }

  private:
    struct Age {
        std::uint64_t since = 0;  // boot_ns
        std::size_t domains = 0;  // hash of them: others begin anew
        std::uint64_t round = 0;  // in which it was last seen
    };
    bool is_settled(std::uint64_t since) const;
    std::uint64_t since_when(const std::string& subject, std::size_t domains);
    std::size_t look_at_domains(const policy::Policy& policy, const Selected& selected, const IsCached& is_cached);

    const Clock& clock_;
    Lookups& lookups_;
    std::uint64_t round_ = 0;
    std::map<std::string, Age> policies_;               // by kind and name
    std::map<std::uint32_t, std::uint64_t> endpoints_;  // since when there is one, boot_ns
    struct Found {
        std::vector<Warning> unselected;
        std::vector<Warning> not_looked_up;
        std::vector<Warning> to_log;
    };
    Found shown_;
    Found next_;  // of the round that is going on
};

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
//
// Finds policies that select no endpoint, and domains of policies that no endpoint looked up. Checks one policy at a time, in
// rounds, so that the caller can divide the work. Warnings are delayed by kWarningGraceSeconds: a new endpoint needs time to look
// up its names, and a new policy to get endpoints. Owns its memory only. One thread; cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "daemon/seen_endpoints.h"
#include "daemon/warnings/lookups.h"
#include "daemon/warnings/warning_log.h"
#include "policy/model/resources.h"

namespace namegate::daemon {

inline constexpr std::uint64_t kWarningGraceSeconds = 300;
inline constexpr std::size_t kMaxDomainsWatched = 4096;  // of one policy; there is no warning about further ones

// The policy in a warning: "GlobalNetworkPolicy default.allow-x", and the same with its place: "... (/p/x.yaml:2)".
std::string subject_of(const policy::Policy& policy);
std::string text_of(const policy::Policy& policy);

class PolicyWarnings {
  public:
    // Whether the endpoint recently looked up the domain, by the name cache.
    using IsCached = std::function<bool(std::uint32_t endpoint, const policy::DomainPattern& domain)>;

    PolicyWarnings(const Clock& clock, Lookups& lookups) : clock_(clock), lookups_(lookups) {}

    // Begins a round. `endpoints`: the ids of all endpoints.
    void begin(const std::vector<std::uint32_t>& endpoints);
    // Returns the cost: the number of domains and endpoints checked.
    std::size_t check(const policy::Policy& policy, const Selected& selected, const IsCached& is_cached);
    // Ends the round: its warnings replace those of the last one.
    void end();

    // Warnings of the last round that ended, one for each policy.
    const std::vector<Warning>& unselected() const { return shown_.unselected; }
    const std::vector<Warning>& not_looked_up() const { return shown_.not_looked_up; }
    // The domains that not_looked_up() is about.
    std::size_t domains_not_looked_up() const { return shown_.domains; }
    // Those of both kinds that are to be logged.
    const std::vector<Warning>& to_log() const { return shown_.to_log; }

  private:
    struct Age {
        std::uint64_t since = 0;  // boot_ns
        std::size_t domains = 0;  // hash of its domains; when it changes, the age starts again
        std::uint64_t round = 0;  // the last round in which it existed
    };
    bool is_settled(std::uint64_t since) const;
    std::uint64_t since_when(const std::string& subject, std::size_t domains);
    std::size_t check_domains(const policy::Policy& policy, const Selected& selected, const IsCached& is_cached);

    const Clock& clock_;
    Lookups& lookups_;
    std::uint64_t round_ = 0;
    std::map<std::string, Age> policies_;               // by kind and name
    std::map<std::uint32_t, std::uint64_t> endpoints_;  // when each endpoint was first seen, boot_ns
    struct Found {
        std::vector<Warning> unselected;
        std::vector<Warning> not_looked_up;
        std::vector<Warning> to_log;
        std::size_t domains = 0;  // of not_looked_up
    };
    Found shown_;
    Found next_;  // of the current round
};

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
//
// What endpoints did, summed up: which destinations they used and how often, and which names they asked for. Owns its memory, which is
// limited; what exceeds a limit is counted. One thread; cannot fail.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "base/ip.h"
#include "ctl/suggest/observation.h"
#include "policy/model/selector.h"

namespace namegate::ctl {

inline constexpr std::size_t kMaxActiveEndpoints = 10'000;
inline constexpr std::size_t kMaxActiveDestinations = 200'000;  // of all endpoints
inline constexpr std::size_t kMaxActiveNames = 200'000;         // likewise, names and their addresses

// Where packets of an endpoint go.
struct Peer {
    std::uint8_t protocol = 0;
    std::uint16_t port = 0;
    IpAddress address;

    auto operator<=>(const Peer&) const = default;
};

struct PeerUse {
    std::uint64_t begun = 0;
    std::uint64_t ended = 0;
    std::uint64_t denied = 0;
    std::uint64_t without_rule = 0;  // allowed, and not by a rule of a policy
    std::string last;                // time of the last one
    std::set<std::string> names;     // that led to it

    // How many flows were allowed. A log may have their beginnings, their ends, or both.
    std::uint64_t flows() const { return begun > ended ? begun : ended; }
};

struct EndpointActivity {
    bool seen = false;  // it did something; the others count only for what selects an endpoint alone
    std::string name_space;
    policy::Labels labels;
    std::map<Peer, PeerUse> peers;
    std::map<IpAddress, std::set<std::string>> asked;  // names, by the addresses in their responses
    std::map<IpAddress, std::uint64_t> servers;        // that answered, and how often
    std::uint64_t incoming = 0;                        // flows and denials of the other direction
    std::string last_lookup;
};

class Activity {
  public:
    void note(const Observation& seen);
    // The labels of an endpoint whose observations do not have them, or that did nothing.
    void set_labels(const std::string& endpoint, const policy::Labels& labels);
    std::size_t seen_endpoints() const;

    const std::map<std::string, EndpointActivity>& endpoints() const { return endpoints_; }
    const std::string& first_time() const { return first_; }
    const std::string& last_time() const { return last_; }
    std::uint64_t flows() const { return flows_; }
    std::uint64_t lost() const { return lost_; }
    // Observations that exceeded a limit.
    std::uint64_t left_out() const { return left_out_; }

  private:
    void note_packet(EndpointActivity& own, const Observation& seen);
    void note_lookup(EndpointActivity& own, const Observation& seen);

    std::map<std::string, EndpointActivity> endpoints_;
    std::size_t destinations_ = 0;
    std::size_t names_ = 0;
    std::string first_;
    std::string last_;
    std::uint64_t flows_ = 0;
    std::uint64_t lost_ = 0;
    std::uint64_t left_out_ = 0;
};

}  // namespace namegate::ctl

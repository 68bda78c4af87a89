// SPDX-License-Identifier: Apache-2.0
#include "ctl/suggest/activity.h"

#include <algorithm>

namespace namegate::ctl {

namespace {

using Kind = Observation::Kind;

// "default.allow-x[1]"; the ends of tiers and the profile have no index.
bool is_rule_of_policy(const std::string& rule) { return rule.ends_with(']'); }

}  // namespace

void Activity::note(const Observation& seen) {
    if (seen.kind == Kind::kLost) {
        lost_ += seen.lost;
        return;
    }
    if (endpoints_.size() >= kMaxActiveEndpoints && !endpoints_.contains(seen.endpoint)) {
        ++left_out_;
        return;
    }
    EndpointActivity& own = endpoints_[seen.endpoint];
    own.seen = true;
    own.name_space = seen.name_space;
    if (seen.labels) {
        own.labels = *seen.labels;
    }
    first_ = first_.empty() ? seen.time : std::min(first_, seen.time);
    last_ = std::max(last_, seen.time);
    if (seen.kind == Kind::kLookup) {
        note_lookup(own, seen);
    } else if (seen.ingress) {
        ++own.incoming;
    } else {
        note_packet(own, seen);
    }
}

void Activity::note_packet(EndpointActivity& own, const Observation& seen) {
    const Peer peer{seen.protocol, seen.port, seen.remote};
    auto known = own.peers.find(peer);
    if (known == own.peers.end()) {
        if (destinations_ >= kMaxActiveDestinations) {
            ++left_out_;
            return;
        }
        ++destinations_;
        known = own.peers.emplace(peer, PeerUse{}).first;
    }
    PeerUse& use = known->second;
    use.begun += seen.kind == Kind::kFlow ? 1U : 0U;
    use.ended += seen.kind == Kind::kFlowEnded ? 1U : 0U;
    use.denied += seen.kind == Kind::kDenied ? 1U : 0U;
    use.without_rule += seen.kind != Kind::kDenied && !is_rule_of_policy(seen.rule) ? 1U : 0U;
    use.last = std::max(use.last, seen.time);
    for (const std::string& name : seen.names) {
        if (names_ < kMaxActiveNames && use.names.insert(name).second) {
            ++names_;
        }
    }
    flows_ += seen.kind == Kind::kDenied ? 0U : 1U;
}

void Activity::note_lookup(EndpointActivity& own, const Observation& seen) {
    own.last_lookup = std::max(own.last_lookup, seen.time);
    if (own.servers.size() < kMaxObservedAddresses || own.servers.contains(seen.remote)) {
        ++own.servers[seen.remote];
    }
    for (const IpAddress& address : seen.addresses) {
        if (names_ >= kMaxActiveNames) {
            ++left_out_;
            return;
        }
        names_ += own.asked[address].insert(seen.name).second ? 1U : 0U;
    }
}

void Activity::set_labels(const std::string& endpoint, const policy::Labels& labels) {
    if (endpoints_.size() >= kMaxActiveEndpoints && !endpoints_.contains(endpoint)) {
        return;
    }
    EndpointActivity& own = endpoints_[endpoint];
    own.labels = labels;
    if (const std::size_t slash = endpoint.find('/'); !own.seen && slash != std::string::npos) {
        own.name_space = endpoint.substr(0, slash);
    }
}

std::size_t Activity::seen_endpoints() const {
    return static_cast<std::size_t>(std::count_if(endpoints_.begin(), endpoints_.end(), [](const auto& own) { return own.second.seen; }));
}

}  // namespace namegate::ctl

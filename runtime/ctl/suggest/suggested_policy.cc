// SPDX-License-Identifier: Apache-2.0
#include "ctl/suggest/suggested_policy.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "ctl/suggest/subject.h"
#include "ctl/suggest/wildcards.h"
#include "policy/model/domain_pattern.h"
#include "policy/model/protocol.h"
#include "policy/model/resources.h"

namespace namegate::ctl {

namespace {

constexpr std::uint16_t kDnsPort = 53;
constexpr std::size_t kShownNames = 3;     // of those that a wildcard stands for
constexpr std::size_t kShownDenials = 50;  // of one policy

// What was seen of a target, at one port or at several.
struct Use {
    std::uint64_t flows = 0;
    std::uint64_t lookups = 0;
    std::uint64_t denied = 0;
    std::string last;

    void add(const Use& other) {
        flows += other.flows;
        lookups += other.lookups;
        denied += other.denied;
        last = std::max(last, other.last);
    }
};

// The kind of a rule: rules for DNS come first, because without them no name opens anything.
enum class Form : std::uint8_t { kDns, kDomains, kNets };
struct TargetKey {
    Form form = Form::kNets;
    std::uint8_t protocol = 0;
    std::string text;

    auto operator<=>(const TargetKey&) const = default;
};
using Targets = std::map<TargetKey, std::map<std::uint16_t, Use>>;  // by port

// "1 flow", "2 flows"
std::string counted(std::uint64_t count, const std::string& what) { return std::to_string(count) + " " + what + (count == 1 ? "" : "s"); }

std::string comment_of(const Use& use) {
    std::string out;
    const auto add = [&out](std::uint64_t count, const std::string& text) {
        if (count > 0) {
            out += (out.empty() ? "" : ", ") + text;
        }
    };
    add(use.flows, counted(use.flows, "flow"));
    add(use.lookups, counted(use.lookups, "lookup"));
    add(use.denied, "denied " + counted(use.denied, "time"));
    return out + (use.last.empty() ? "" : ", last " + use.last);
}

std::string net_of(const IpAddress& address) { return address.to_string() + (address.is_v4() ? "/32" : "/128"); }

// Those that a policy can have as domains. A response can contain any bytes, also "*".
std::set<std::string> usable_names(const std::set<std::string>& names) {
    std::set<std::string> out;
    for (const std::string& name : names) {
        if (!std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; })) {
            continue;
        }
        const auto pattern = policy::DomainPattern::parse(name);
        if (pattern && pattern->kind() == policy::DomainPattern::Kind::kExact) {
            out.insert(std::string(pattern->text()));
        }
    }
    return out;
}

bool is_dns(const Peer& peer) {
    return peer.port == kDnsPort && (peer.protocol == policy::kProtocolUdp || peer.protocol == policy::kProtocolTcp);
}

std::vector<TargetKey> targets_of(const EndpointActivity& activity, const Peer& peer, const PeerUse& use) {
    if (is_dns(peer)) {
        return {{Form::kDns, peer.protocol, net_of(peer.address)}};
    }
    std::set<std::string> names = use.names;
    if (const auto asked = activity.asked.find(peer.address); asked != activity.asked.end()) {
        names.insert(asked->second.begin(), asked->second.end());
    }
    std::vector<TargetKey> out;
    for (const std::string& name : usable_names(names)) {
        out.push_back({Form::kDomains, peer.protocol, name});
    }
    if (out.empty()) {
        out.push_back({Form::kNets, peer.protocol, net_of(peer.address)});
    }
    return out;
}

// Collects what the endpoints of one subject did, and makes rules of it.
class Builder {
  public:
    explicit Builder(const SuggestOptions& options) : options_(options) {}

    void add(const EndpointActivity& activity) {
        for (const auto& [peer, use] : activity.peers) {
            add_peer(activity, peer, use);
        }
        // A query has no event that names its rule, so with --diff the rule may be there already. That does no harm.
        const bool decided =
            std::all_of(activity.peers.begin(), activity.peers.end(), [](const auto& peer) { return peer.second.without_rule == 0; });
        if (!options_.missing_only || !decided) {
            add_servers(activity);
        }
    }

    std::vector<SuggestedRule> rules() const;
    std::vector<std::string> denied() const;

  private:
    // Protocol, ports, and whether the nets are IPv6: a rule has nets of one family.
    using RuleKey = std::tuple<Form, std::uint8_t, std::vector<std::string>, bool>;

    void add_peer(const EndpointActivity& activity, const Peer& peer, const PeerUse& seen) {
        Use use{options_.missing_only ? std::min(seen.flows(), seen.without_rule) : seen.flows(), 0, seen.denied, seen.last};
        const bool allow = use.flows > 0 || (use.denied > 0 && options_.include_denied);
        if (!allow && use.denied == 0) {
            return;
        }
        for (const TargetKey& target : targets_of(activity, peer, seen)) {
            (allow ? allowed_ : denied_)[target][peer.port].add(use);
        }
    }
    // Queries over UDP to trusted servers are no flows; that a server answered says that they were allowed.
    void add_servers(const EndpointActivity& activity) {
        for (const auto& [server, lookups] : activity.servers) {
            if (!activity.peers.contains(Peer{policy::kProtocolUdp, kDnsPort, server})) {
                allowed_[{Form::kDns, policy::kProtocolUdp, net_of(server)}][kDnsPort].add({0, lookups, 0, activity.last_lookup});
            }
        }
    }
    void add_rules(std::vector<SuggestedRule>& out, const RuleKey& key, const std::map<std::string, Use>& targets) const;

    SuggestOptions options_;
    Targets allowed_;
    Targets denied_;
};

std::vector<std::string> ports_of(const std::map<std::uint16_t, Use>& by_port) {
    if (by_port.size() > policy::kMaxPortsPerRule) {
        return {std::to_string(by_port.begin()->first) + ":" + std::to_string(by_port.rbegin()->first)};
    }
    std::vector<std::string> out;
    for (const auto& [port, use] : by_port) {
        if (port != 0) {
            out.push_back(std::to_string(port));
        }
    }
    return out;
}

Use sum_of(const std::map<std::uint16_t, Use>& by_port) {
    Use out;
    for (const auto& [port, use] : by_port) {
        out.add(use);
    }
    return out;
}

std::vector<SuggestedTarget> with_comments(const std::map<std::string, Use>& targets, bool wildcards) {
    std::map<std::string, std::string> patterns;
    if (wildcards) {
        std::set<std::string> names;
        for (const auto& [name, use] : targets) {
            names.insert(name);
        }
        patterns = wildcards_for(names);
    }
    std::map<std::string, std::pair<Use, std::vector<std::string>>> merged;
    for (const auto& [name, use] : targets) {
        const auto pattern = patterns.find(name);
        auto& entry = merged[pattern == patterns.end() ? name : pattern->second];
        entry.first.add(use);
        entry.second.push_back(name);
    }
    std::vector<SuggestedTarget> out;
    for (const auto& [text, entry] : merged) {
        std::string comment = comment_of(entry.first);
        if (text.starts_with("*.")) {
            comment += "; for " + std::to_string(entry.second.size()) + " names: ";
            for (std::size_t i = 0; i < std::min(entry.second.size(), kShownNames); ++i) {
                comment += (i == 0 ? "" : ", ") + entry.second[i];
            }
            comment += entry.second.size() > kShownNames ? ", ..." : "";
        }
        out.push_back({text, comment});
    }
    return out;
}

// One rule, or several where a list would be too long.
void Builder::add_rules(std::vector<SuggestedRule>& out, const RuleKey& key, const std::map<std::string, Use>& targets) const {
    const auto& [form, protocol, ports, v6] = key;
    const std::vector<SuggestedTarget> all = with_comments(targets, options_.wildcards && form == Form::kDomains);
    const std::size_t most = form == Form::kDomains ? policy::kMaxDomainsPerRule : policy::kMaxNetsPerRule;
    for (std::size_t begin = 0; begin < all.size(); begin += most) {
        const auto first = all.begin() + static_cast<std::ptrdiff_t>(begin);
        const auto last = all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), begin + most));
        out.push_back({protocol, ports, form == Form::kDomains, form == Form::kDns, {first, last}});
    }
}

std::vector<SuggestedRule> Builder::rules() const {
    std::map<RuleKey, std::map<std::string, Use>> groups;
    for (const auto& [target, by_port] : allowed_) {
        const bool v6 = target.text.find(':') != std::string::npos;
        groups[{target.form, target.protocol, ports_of(by_port), v6}][target.text].add(sum_of(by_port));
    }
    std::vector<SuggestedRule> out;
    for (const auto& [key, targets] : groups) {
        add_rules(out, key, targets);
    }
    return out;
}

std::vector<std::string> Builder::denied() const {
    std::vector<std::string> out;
    std::size_t more = 0;
    for (const auto& [target, by_port] : denied_) {
        for (const auto& [port, use] : by_port) {
            if (out.size() >= kShownDenials) {
                ++more;
                continue;
            }
            out.push_back(target.text + " " + policy::protocol_name(target.protocol) + (port == 0 ? "" : " port " + std::to_string(port)) +
                          ": " + comment_of(use));
        }
    }
    if (more > 0) {
        out.push_back("and " + std::to_string(more) + " more");
    }
    return out;
}

}  // namespace

std::vector<SuggestedPolicy> suggest_policies(const Activity& activity, const SuggestOptions& options) {
    std::vector<SuggestedPolicy> out;
    for (const Subject& subject : subjects_of(activity)) {
        Builder builder(options);
        SuggestedPolicy policy;
        policy.name = subject.policy_name + (options.missing_only ? "-more" : "");
        policy.name_space = subject.name_space;
        policy.selector = subject.selector;
        for (const std::string& endpoint : subject.endpoints) {
            const EndpointActivity& own = activity.endpoints().at(endpoint);
            builder.add(own);
            policy.endpoints.push_back(endpoint);
            policy.incoming += own.incoming;
        }
        policy.rules = builder.rules();
        policy.denied = builder.denied();
        if (policy.rules.size() > policy::kMaxRulesPerDirection) {
            policy.denied.push_back("left out, because a policy has at most " + std::to_string(policy::kMaxRulesPerDirection) +
                                    " rules: " + std::to_string(policy.rules.size() - policy::kMaxRulesPerDirection) + " rules");
            policy.rules.resize(policy::kMaxRulesPerDirection);
        }
        out.push_back(std::move(policy));
    }
    return out;
}

}  // namespace namegate::ctl

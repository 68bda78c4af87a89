// SPDX-License-Identifier: Apache-2.0
//
// The replies to `policies`: every policy of the node, or the rules that are in force for one endpoint. Values.
#pragma once

#include "api/replies/rules.h"

namespace namegate::api {

struct PolicyItem {
    std::string tier;
    std::optional<double> order;
    std::string kind;
    std::string policy;
    bool staged = false;
    Texts types;  // "Ingress", "Egress"
    std::string file;
    std::int64_t line = 0;
    std::uint64_t endpoints = 0;          // that it selects
    std::uint64_t unknown_endpoints = 0;  // of which that is not known
    std::uint64_t rules = 0;              // in the document
    // Those that matched a packet, by the counters of the endpoints that have the rules now; none for a staged policy.
    std::optional<std::uint64_t> matched_rules;
    std::optional<std::string> dns = {};  // of the annotation namegate.dev/dns: "any", "log" or "allowed"; none: it has none

    bool operator==(const PolicyItem&) const = default;
    static constexpr auto fields() {
        using Item = PolicyItem;
        return std::tuple(field("tier", &Item::tier), field("order", &Item::order), field("kind", &Item::kind),
                          field("policy", &Item::policy), field("staged", &Item::staged), field("types", &Item::types),
                          field("file", &Item::file), field("line", &Item::line), field("endpoints", &Item::endpoints),
                          field("unknownEndpoints", &Item::unknown_endpoints), field("rules", &Item::rules),
                          field("matchedRules", &Item::matched_rules), optional_field("dns", &Item::dns));
    }
};

struct CountedRule : RuleItem {
    std::uint64_t packets = 0;
    std::uint64_t flows = 0;

    bool operator==(const CountedRule&) const = default;
    static constexpr auto fields() {
        return std::tuple_cat(RuleItem::fields(), std::tuple(field("packets", &CountedRule::packets), field("flows", &CountedRule::flows)));
    }
};

struct StagedRule : RuleItem {
    bool staged = false;

    bool operator==(const StagedRule&) const = default;
    static constexpr auto fields() { return std::tuple_cat(RuleItem::fields(), std::tuple(field("staged", &StagedRule::staged))); }
};

// What the staged policies would change. With an error, the flows are not known.
struct StagedEffect {
    std::string error;
    std::vector<StagedRule> rules;
    std::optional<std::uint64_t> live_flows = {};
    std::optional<std::uint64_t> denied_flows = {};  // of them
    std::optional<std::string> example = {};         // one of these, as text; empty: none

    bool operator==(const StagedEffect&) const = default;
    static constexpr auto fields() {
        using Effect = StagedEffect;
        return std::tuple(field("error", &Effect::error), field("rules", &Effect::rules), optional_field("liveFlows", &Effect::live_flows),
                          optional_field("deniedFlows", &Effect::denied_flows), optional_field("example", &Effect::example));
    }
};

struct DirectionRules {
    bool enforced = false;
    std::vector<CountedRule> rules;
    std::optional<StagedEffect> staged;  // none: no staged policy selects the endpoint

    bool operator==(const DirectionRules&) const = default;
    static constexpr auto fields() {
        return std::tuple(field("enforced", &DirectionRules::enforced), field("rules", &DirectionRules::rules),
                          field("staged", &DirectionRules::staged));
    }
};

struct RulesReply {
    std::string endpoint;
    std::string mode;
    std::string error;
    Texts notes;
    DirectionRules egress;
    DirectionRules ingress;
    std::optional<std::string> dns_queries = {};  // "any", "log" or "allowed"; none: not known

    bool operator==(const RulesReply&) const = default;
    static constexpr auto fields() {
        return std::tuple(field("endpoint", &RulesReply::endpoint), field("mode", &RulesReply::mode), field("error", &RulesReply::error),
                          field("notes", &RulesReply::notes), field("egress", &RulesReply::egress), field("ingress", &RulesReply::ingress),
                          optional_field("dnsQueries", &RulesReply::dns_queries));
    }
};

using PolicyList = std::vector<PolicyItem>;
// The rules, if the request names an endpoint.
using PoliciesReply = ListOrObject<PolicyItem, RulesReply>;

}  // namespace namegate::api

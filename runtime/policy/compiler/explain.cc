// SPDX-License-Identifier: Apache-2.0
#include "policy/compiler/explain.h"

#include <algorithm>
#include <utility>

#include "base/listed.h"
#include "policy/model/protocol.h"

namespace namegate::policy {
namespace {

constexpr std::size_t kMaxAdvice = 5;
constexpr std::size_t kShownPatterns = 4;
constexpr std::size_t kMaxRulesAdvised = 16;  // a limit, because each rule can have 100,000 domains

std::string place_of(const CompiledRule& rule) {
    return rule.origin.file.empty() ? "" : " (" + rule.origin.file + ":" + std::to_string(rule.origin.line) + ")";
}

class Explainer {
  public:
    Explainer(const CompiledPolicy& policy, const ExplainInput& input)
        : policy_(policy), input_(input), found_(find_candidates(policy, input.packet)), with_domains_(policy.words(), 0) {
        for (const PatternEntry& entry : policy.patterns) {
            for (std::size_t i = 0; i < with_domains_.size(); ++i) {
                with_domains_[i] |= policy.bitmaps[entry.bitmap][i];
            }
        }
    }

    Explanation run() {
        Explanation out;
        out.verdict = evaluate(policy_, input_.packet);
        out.after_lookup = out.verdict.allowed && !is_open_now();
        walk(out);
        out.reason = reason(out.verdict) + (out.after_lookup ? ", once the endpoint has looked it up" : "");
        if (!out.verdict.allowed) {
            advise(out);
        }
        return out;
    }

  private:
    bool is_open_now() const {
        PacketView packet = input_.packet;
        packet.names.clear();
        return input_.packet.names.empty() || evaluate(policy_, packet).allowed;
    }

    // Lists the rules that evaluate() considered: all up to the deciding one except those that a Pass skipped.
    void walk(Explanation& out) const {
        for (std::size_t rule = 0; rule <= out.verdict.rule;) {
            const bool matched = has_rule(found_.address, rule) && has_rule(found_.port, rule) && has_rule(found_.source_port, rule);
            out.path.push_back({rule, matched, matched ? "" : why_not(rule)});
            const bool pass = matched && policy_.rules[rule].action == RuleAction::kPass;
            rule = pass ? std::max<std::size_t>(policy_.rules[rule].next, rule + 1) : rule + 1;
        }
    }

    std::vector<std::string> patterns_of(std::size_t rule) const {
        std::vector<std::string> out;
        for (const PatternEntry& entry : policy_.patterns) {
            if (has_rule(policy_.bitmaps[entry.bitmap], rule)) {
                out.emplace_back(entry.pattern.text());
            }
        }
        return out;
    }

    std::string why_not(std::size_t rule) const {
        std::vector<std::string> parts;
        if (!has_rule(found_.address, rule)) {
            parts.push_back(why_not_address(rule));
        }
        if (!has_rule(found_.port, rule)) {
            parts.emplace_back("another protocol or port");
        }
        if (!has_rule(found_.source_port, rule)) {
            parts.emplace_back("another source port");
        }
        std::string out;
        for (const std::string& part : parts) {
            out += (out.empty() ? "" : "; ") + part;
        }
        return out;
    }

    std::string why_not_address(std::size_t rule) const {
        if (has_rule(found_.named, rule)) {
            return "the name matches, but the rule excludes the address";
        }
        if (has_rule(with_domains_, rule)) {
            return input_.by_name ? "the name does not match its domains" : "no name that matches its domains opened the address";
        }
        return input_.by_name && input_.packet.outside_nets ? "it has no matching domain" : "another address";
    }

    // Returns the pattern by which a name opened the address for the rule; empty if none did.
    std::string opened_by(std::size_t rule) const {
        if (!has_rule(found_.named, rule)) {
            return {};
        }
        for (const PatternEntry& entry : policy_.patterns) {
            if (has_rule(policy_.bitmaps[entry.bitmap], rule) &&
                std::find(found_.opened.begin(), found_.opened.end(), entry.pattern) != found_.opened.end()) {
                return std::string(entry.pattern.text());
            }
        }
        return {};
    }

    std::string reason(const Verdict& verdict) const {
        const CompiledRule& rule = policy_.rules[verdict.rule];
        if (rule.origin.rule_index >= 0) {
            const std::string pattern = opened_by(verdict.rule);
            return full_name(rule.origin) + (verdict.allowed ? " allows it" : " denies it") + place_of(rule) +
                   (pattern.empty() || !verdict.allowed ? "" : ", by the domain " + pattern);
        }
        if (verdict.allowed) {
            return "every tier passes it, and the profile allows it";
        }
        return full_name(rule.origin) + " denies it: none of its rules matches";
    }

    void advise(Explanation& out) const {
        const CompiledRule& decided = policy_.rules[out.verdict.rule];
        if (decided.origin.rule_index >= 0) {
            out.advice.push_back("narrow or remove " + full_name(decided.origin) + ", or put a rule with action: Allow before it");
        }
        std::size_t left = kMaxRulesAdvised;
        for (const ExplainedRule& step : out.path) {
            if (!step.matched && policy_.rules[step.rule].action == RuleAction::kAllow && misses_one(step.rule) && left > 0) {
                advise_on(step.rule, out.advice);
                --left;
            }
        }
        if (decided.origin.rule_index < 0) {
            out.advice.push_back(new_rule(out));
        }
    }

    // Whether exactly one thing does not match: the address and its names, or protocol and port.
    bool misses_one(std::size_t rule) const {
        const bool address = has_rule(found_.address, rule);
        return has_rule(found_.source_port, rule) && address != has_rule(found_.port, rule) && (address || has_rule(with_domains_, rule));
    }

    void advise_on(std::size_t number, std::vector<std::string>& advice) const {
        const CompiledRule& rule = policy_.rules[number];
        if (has_rule(found_.address, number)) {
            // A rule for any destination is unrelated to this one.
            if (!matches_any_address(number)) {
                add(advice, full_name(rule.origin) + " matches this destination, but not " + input_.service + ": " + rule.origin.text);
            }
            return;
        }
        const std::vector<std::string> patterns = patterns_of(number);
        if (has_rule(found_.named, number) || input_.is_dns_query) {
            return;
        }
        if (input_.by_name) {
            advise_name(rule, patterns, advice);
            return;
        }
        std::string list;
        for (std::size_t i = 0; i < patterns.size() && i < kShownPatterns; ++i) {
            list += (i == 0 ? "" : " or ") + patterns[i];
        }
        add(advice, "let the endpoint look up " + list + (patterns.size() > kShownPatterns ? " or another of its names" : "") +
                        " at a trusted DNS server, with this address in the response; then " + full_name(rule.origin) + " allows it");
    }

    bool matches_any_address(std::size_t rule) const {
        return std::any_of(policy_.cidrs.begin(), policy_.cidrs.end(), [&](const CidrEntry& entry) {
            return entry.prefix.length() == 0 && entry.prefix.is_v4() == input_.packet.remote.is_v4() &&
                   has_rule(policy_.bitmaps[entry.match], rule);
        });
    }

    static void add(std::vector<std::string>& advice, std::string text) {
        if (advice.size() < kMaxAdvice) {
            advice.push_back(std::move(text));
        }
    }

    // Only for the likely mistakes: the name is directly above the wildcard of a pattern, or below an exact name.
    void advise_name(const CompiledRule& rule, const std::vector<std::string>& patterns, std::vector<std::string>& advice) const {
        for (const std::string& pattern : patterns) {
            if (pattern == "*." + input_.host) {
                add(advice, "add " + input_.host + " to the domains of " + full_name(rule.origin) + ": " + pattern +
                                " matches only the names below it");
            } else if (const auto below = DomainPattern::parse("*." + pattern); below && below->matches(input_.host)) {
                add(advice,
                    "add *." + pattern + " to the domains of " + full_name(rule.origin) + ": " + pattern + " matches only that name");
            }
        }
    }

    // Suggests a rule, and the policy of the deciding tier to add it to.
    std::string new_rule(const Explanation& out) const {
        const std::string& tier = policy_.rules[out.verdict.rule].origin.tier;
        const CompiledRule* last = nullptr;
        for (const ExplainedRule& step : out.path) {
            const CompiledRule& rule = policy_.rules[step.rule];
            if (rule.origin.rule_index >= 0 && rule.origin.tier == tier) {
                last = &rule;
            }
        }
        const bool egress = policy_.direction == Direction::kEgress;
        const std::uint8_t protocol = input_.packet.protocol;
        const std::string nets = input_.nets.empty() ? quoted(input_.host) : listed(input_.nets, input_.nets.size(), quoted);
        const std::string remote = input_.by_name ? "domains: [" + input_.host + "]" : "nets: [" + nets + "]";
        const std::string ports = has_ports(protocol) ? "ports: [" + std::to_string(input_.packet.destination_port) + "]" : "";
        std::string rule = "- {action: Allow, protocol: " + protocol_name(protocol);
        rule += egress ? ", destination: {" + remote + (ports.empty() ? "" : ", " + ports) + "}"
                       : ", source: {" + remote + "}" + (ports.empty() ? "" : ", destination: {" + ports + "}");
        return "write " + rule + "} under " + (egress ? "egress" : "ingress") + " of " +
               (last == nullptr ? "a policy of tier " + tier + " that selects the endpoint"
                                : last->origin.policy_kind + " " + last->origin.policy_name + place_of(*last));
    }

    // An IPv6 address in a YAML flow sequence needs quotes.
    static std::string quoted(const std::string& text) { return text.find(':') == std::string::npos ? text : "'" + text + "'"; }

    const CompiledPolicy& policy_;
    const ExplainInput& input_;
    Candidates found_;
    Bitmap with_domains_;  // rules with at least one pattern
};

}  // namespace

Explanation explain(const CompiledPolicy& policy, const ExplainInput& input) { return Explainer(policy, input).run(); }

}  // namespace namegate::policy

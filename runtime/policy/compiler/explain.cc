// SPDX-License-Identifier: Apache-2.0
#include "policy/compiler/explain.h"

#include <algorithm>
#include <utility>

#include "base/listed.h"
#include "policy/model/problem.h"
#include "policy/model/protocol.h"

namespace namegate::policy {
namespace {

constexpr std::size_t kMaxAdvice = 5;
constexpr std::size_t kShownPatterns = 4;
constexpr std::uint16_t kHttpsPort = 443;
constexpr std::size_t kMaxRulesAdvised = 16;  // a limit, because each rule can have 100,000 domains

std::string place_of(const CompiledRule& rule) {
    return rule.origin.file.empty() ? "" : " (" + line_text(rule.origin.file, rule.origin.line) + ")";
}

class Explainer {
  public:
    Explainer(const CompiledPolicy& policy, const ExplainInput& input)
        : policy_(policy), input_(input), packet_(input.packet), with_domains_(policy.words(), 0) {
        for (const PatternEntry& entry : policy.patterns) {
            for (std::size_t i = 0; i < with_domains_.size(); ++i) {
                with_domains_[i] |= policy.bitmaps[entry.bitmap][i];
            }
        }
    }

    Explanation run() {
        Explanation out;
        out.verdict = judge();
        found_ = find_candidates(policy_, packet_);
        out.after_lookup = out.verdict.allowed && !is_open_now();
        walk(out);
        out.reason = reason(out.verdict) + (out.after_lookup ? ", once the endpoint has looked it up" : "") + tls_condition(out.verdict);
        if (!out.verdict.allowed) {
            advise(out);
        }
        return out;
    }

  private:
    // A connection that has to show a TLS name is expected to show the name of the destination. If this name is denied and a
    // connection that is not TLS would pass, the verdict is that of the latter.
    Verdict judge() {
        PacketView plain = packet_;
        plain.tls_name.reset();
        Verdict first = evaluate(policy_, plain);
        bound_ = first.tls == TlsOutcome::kBound;
        plain_passes_ = bound_ && policy_.rules[first.rule].tls.names == TlsNames::kVerify;
        const bool expected = !packet_.tls_name && input_.by_name;
        if (!bound_ || (!packet_.tls_name && !expected)) {
            packet_ = std::move(plain);
            return first;
        }
        if (expected) {
            packet_.tls_name = input_.host;
        }
        Verdict shown = evaluate(policy_, packet_);
        if (expected && plain_passes_ && !shown.allowed) {
            packet_ = std::move(plain);
            return first;
        }
        return shown;
    }

    bool is_open_now() const {
        PacketView packet = packet_;
        packet.names.clear();
        return packet_.names.empty() || evaluate(policy_, packet).allowed;
    }

    // Lists the rules that evaluate() considered: all up to the deciding one except those that a Pass skipped.
    void walk(Explanation& out) const {
        for (std::size_t rule = 0; rule <= out.verdict.rule;) {
            const bool matched = has_rule(found_.address, rule) && has_rule(found_.port, rule) && has_rule(found_.source_port, rule);
            out.path.push_back({rule, matched, matched ? "" : why_not(rule)});
            const bool pass = matched && policy_.rules[rule].action == RuleAction::kPass;
            rule = pass ? std::max<std::size_t>(policy_.rules[rule].next, rule + 1) : rule + 1;
        }
        if (out.verdict.tls == TlsOutcome::kCannotShow) {
            out.path.back().why = why_not_shown();
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
        if (const PartlyMatched* partly = partly_matched(rule); partly != nullptr) {
            return partly->text();
        }
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
        if (is_hidden(rule)) {
            return "the TLS name " + *packet_.tls_name + " does not match its domains";
        }
        if (has_rule(found_.named, rule)) {
            return "the name matches, but the rule excludes the address";
        }
        if (has_rule(with_domains_, rule)) {
            return input_.by_name ? "the name does not match its domains" : "no name that matches its domains opened the address";
        }
        return input_.by_name && packet_.outside_nets ? "it has no matching domain" : "another address";
    }

    // Null: the packet does not go to a Service that the rule matches in part.
    const PartlyMatched* partly_matched(std::size_t number) const {
        const RuleOrigin& origin = policy_.rules[number].origin;
        const auto found = std::find_if(policy_.partly.begin(), policy_.partly.end(), [&](const PartlyMatched& one) {
            return one.address == packet_.remote && one.protocol == packet_.protocol && one.port == packet_.destination_port &&
                   one.rule_index == origin.rule_index && one.policy_name == origin.policy_name && one.policy_kind == origin.policy_kind;
        });
        return found == policy_.partly.end() || packet_.outside_nets ? nullptr : &*found;
    }

    // Whether domains of the rule opened the address, and none of them matches the TLS name.
    bool is_hidden(std::size_t rule) const { return has_rule(found_.named, rule) && !has_rule(found_.shown, rule); }

    // The patterns by which names opened the address for the rule; of a rule that binds those that match the TLS name, if it is known.
    std::vector<std::string> opened_by(std::size_t rule) const {
        const bool bound = packet_.tls_name && policy_.rules[rule].tls.binds();
        std::vector<std::string> out;
        for (const PatternEntry& entry : policy_.patterns) {
            if (has_rule(policy_.bitmaps[entry.bitmap], rule) && (!bound || entry.pattern.matches(*packet_.tls_name)) &&
                std::find(found_.opened.begin(), found_.opened.end(), entry.pattern) != found_.opened.end()) {
                out.emplace_back(entry.pattern.text());
            }
        }
        return out;
    }

    std::string reason(const Verdict& verdict) const {
        const CompiledRule& rule = policy_.rules[verdict.rule];
        if (rule.origin.rule_index >= 0) {
            const std::vector<std::string> patterns = opened_by(verdict.rule);
            const std::string denied = verdict.tls == TlsOutcome::kCannotShow ? ": " + why_not_shown() : "";
            return full_name(rule.origin) + (verdict.allowed ? " allows it" : " denies it") + place_of(rule) + denied +
                   (patterns.empty() || !verdict.allowed ? "" : ", by the domain " + patterns.front());
        }
        if (verdict.allowed) {
            return "every tier passes it, and the profile allows it";
        }
        return full_name(rule.origin) + " denies it: none of its rules matches";
    }

    bool is_quic() const { return packet_.protocol == kProtocolUdp && packet_.destination_port == kHttpsPort; }

    std::string why_not_shown() const {
        return is_quic() ? "the TLS name of QUIC is not read, and the rule asks for it"
                         : "only TCP connections can show the TLS name that the rule requires";
    }

    // What the connection has to show; empty: nothing.
    std::string tls_condition(const Verdict& verdict) const {
        if (!bound_ || !verdict.allowed) {
            return {};
        }
        if (packet_.tls_name) {
            return ", if it shows the TLS name " + *packet_.tls_name + (plain_passes_ ? " or is not TLS" : "");
        }
        if (input_.by_name) {
            return ", if it is not TLS: no rule allows the TLS name " + input_.host + " on this address";
        }
        return ", if it shows a TLS name that matches " + listed(opened_by(verdict.rule), kShownPatterns) +
               (plain_passes_ ? ", or is not TLS" : "");
    }

    void advise_instead(const CompiledRule& decided, std::vector<std::string>& advice) const {
        if (is_quic()) {
            advice.emplace_back("let the client use TCP, which most do by themselves when QUIC is denied");
            advice.push_back("write namegate.dev/quic: allow into the annotations of " + full_name(decided.origin));
        } else {
            advice.push_back("write a rule with protocol: " + protocol_name(packet_.protocol) + " and these domains before " +
                             full_name(decided.origin));
        }
    }

    void advise(Explanation& out) const {
        const CompiledRule& decided = policy_.rules[out.verdict.rule];
        if (out.verdict.tls == TlsOutcome::kCannotShow) {
            advise_instead(decided, out.advice);
            return;
        }
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
        // A new rule for this destination would not match another TLS name either.
        const bool hidden = std::any_of(out.path.begin(), out.path.end(), [&](const ExplainedRule& step) { return is_hidden(step.rule); });
        if (decided.origin.rule_index < 0 && !hidden) {
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
        if (is_hidden(number)) {
            add(advice, "add " + *packet_.tls_name + " to the domains of " + full_name(rule.origin) +
                            ": it is the name that TLS shows, and the endpoint has to look it up");
        }
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
            return entry.prefix.length() == 0 && entry.prefix.is_v4() == packet_.remote.is_v4() &&
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
        const std::uint8_t protocol = packet_.protocol;
        const std::string nets = input_.nets.empty() ? quoted(input_.host) : listed(input_.nets, input_.nets.size(), quoted);
        const std::string remote = input_.by_name ? "domains: [" + input_.host + "]" : "nets: [" + nets + "]";
        const std::string ports = has_ports(protocol) ? "ports: [" + std::to_string(packet_.destination_port) + "]" : "";
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
    PacketView packet_;          // that of the input, with the TLS name that is expected
    bool bound_ = false;         // the connection has to show a TLS name
    bool plain_passes_ = false;  // one that is not TLS passes too
    Candidates found_;
    Bitmap with_domains_;  // rules with at least one pattern
};

}  // namespace

Explanation explain(const CompiledPolicy& policy, const ExplainInput& input) { return Explainer(policy, input).run(); }

}  // namespace namegate::policy

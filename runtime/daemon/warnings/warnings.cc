// SPDX-License-Identifier: Apache-2.0
#include "daemon/warnings/warnings.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/listed.h"
#include "base/log.h"
#include "daemon/matched_rules.h"
#include "daemon/node.h"
#include "daemon/seen_endpoints.h"
#include "datapath/untrusted.h"

namespace namegate::daemon {

namespace {

constexpr std::uint64_t kRoundNs = 5'000'000'000;   // from the start of one round to the next
constexpr std::uint64_t kRulesNs = 60'000'000'000;  // from one reading of the rules' counters to the next
constexpr const char* kUntrustedServer = "DNS server not trusted";
constexpr std::size_t kCacheSteps = 64;     // for one domain of one endpoint
constexpr std::size_t kCounterSteps = 100;  // to read the rules' counters of one endpoint

// As written in a list of namegate.yaml, where text with a colon needs quotes.
std::string written(const dns::TrustedServer& server) {
    const std::string text = server.to_string();
    return text.find(':') == std::string::npos ? text : "\"" + text + "\"";
}

void add_some(std::vector<std::string>& lines, const std::vector<Warning>& warnings) {
    for (std::size_t i = 0; i < warnings.size() && i < kShownWarnings; ++i) {
        lines.push_back(warnings[i].text);
    }
    if (warnings.size() > kShownWarnings) {
        lines.push_back(std::string(warnings.front().event) + ": " + std::to_string(warnings.size() - kShownWarnings) + " more");
    }
}

bool has_domains(const Node& node, std::uint32_t endpoint) {
    const node::Programmed* state = node.programmer().find(endpoint);
    return state != nullptr && state->egress && !state->egress->patterns.empty();
}

bool is_cached(const Node& node, std::uint32_t endpoint, const policy::DomainPattern& domain) {
    bool found = false;
    dns::StepBudget budget(kCacheSteps);
    node.cache().for_each_match(endpoint, domain, budget, [&found](const dns::Reached&) { found = true; });
    return found;
}

Warning unknown(const std::string& pod, const std::string& why) {
    return {"labels of a pod are not known", pod, "labels of " + pod + " are not known: " + why};
}

}  // namespace

Warning untrusted_server(const UntrustedServerSummary& server, const config::DnsServerSettings& trusted) {
    std::string list;
    list += trusted.node ? "node, " : "";
    list += trusted.kubelet ? "kubelet, " : "";
    list += trusted.pod ? "pod, " : "";
    for (const dns::TrustedServer& one : trusted.listed) {
        list += written(one) + ", ";
    }
    list += written({IpPrefix(server.server, server.server.bits()), dns::kDefaultDnsPort});
    const std::string pods = std::to_string(server.pods.size()) + (server.pods.size() == 1 ? " pod" : " pods");
    return {
        kUntrustedServer, server.server.to_string(),
        "DNS server " + server.server.to_string() + " is not trusted and answered " + pods + " (" + listed(server.pods, kShownWarnings) +
            ") " + std::to_string(server.responses) + (server.responses == 1 ? " time" : " times") +
            ": names that are looked up there open nothing" +
            (server.matters ? "" : " (no policy in force for " + std::string(server.pods.size() == 1 ? "it" : "them") + " has domains)") +
            "; if it is your resolver, write into namegate.yaml: dnsTrustedServers: [" + list + "]"};
}

struct Warnings::Round {
    explicit Round(const Node& node) : endpoints(node) {
        for (const policy::Snapshot::TierView& tier : endpoints.snapshot().tiers()) {
            policies.insert(policies.end(), tier.policies.begin(), tier.policies.end());
        }
        for (const auto& entry : node.records()) {
            ids.push_back(entry.first);
        }
    }

    SeenEndpoints endpoints;
    std::vector<const policy::Policy*> policies;
    std::vector<std::uint32_t> ids;  // of the endpoints
    std::size_t next = 0;            // policy
    std::size_t next_id = 0;         // place in `ids`, after the policies
    bool reads_rules = false;        // the counters of the rules, of each endpoint
    MatchedRules matched;
};

Warnings::Warnings(const Clock& clock)
    : clock_(clock), policies_(clock, lookups_), unused_rules_(clock), refused_(clock), encrypted_dns_(clock) {}
Warnings::~Warnings() = default;

void Warnings::begin(Node& node) {
    revision_ = node.programmer().revision();
    const std::uint64_t now = clock_.boot_ns();
    next_ns_ = now + kRoundNs;
    round_ = std::make_unique<Round>(node);
    round_->reads_rules = now >= next_rules_ns_;
    if (matched_) {
        unused_rules_.begin();
    }
    if (generation_ != round_->endpoints.snapshot().generation()) {
        generation_ = round_->endpoints.snapshot().generation();
        lookups_.keep(round_->endpoints.snapshot());
    }
    policies_.begin(round_->ids);
    denied_queries_.begin();
}

void Warnings::tick(Node& node) {
    encrypted_dns_.tick(node);
    if (!round_) {
        if (clock_.boot_ns() < next_ns_ && revision_ == node.programmer().revision()) {
            return;
        }
        begin(node);
    }
    const auto is_cached_here = [&node](std::uint32_t endpoint, const policy::DomainPattern& domain) {
        return is_cached(node, endpoint, domain);
    };
    std::size_t steps = 0;
    for (; steps < kWarningStepsPerTick && round_->next < round_->policies.size(); ++round_->next) {
        const policy::Policy& policy = *round_->policies[round_->next];
        const Selected selected = round_->endpoints.selected_by(policy);
        steps += round_->endpoints.size() + policies_.check(policy, selected, is_cached_here);
        if (matched_) {
            unused_rules_.check(policy, selected, matched_->of(policy));
        }
    }
    for (; steps < kWarningStepsPerTick && round_->next_id < round_->ids.size(); ++round_->next_id) {
        steps += check_endpoint(node, round_->ids[round_->next_id]);
    }
    if (round_->next == round_->policies.size() && round_->next_id == round_->ids.size()) {
        finish(node);
    }
}

std::size_t Warnings::check_endpoint(Node& node, std::uint32_t endpoint) {
    const auto record = node.records().find(endpoint);
    if (record == node.records().end()) {
        return 1;
    }
    std::size_t steps = check_queries(node, record->second);
    if (round_->reads_rules) {
        const auto read = round_->matched.add(node, record->second);
        round_->reads_rules = read.has_value();  // without the counters of all endpoints nothing can be said
        steps += kCounterSteps;
    }
    return steps;
}

std::size_t Warnings::check_queries(const Node& node, const endpoints::Record& record) {
    const node::Programmed* state = node.programmer().find(record.id);
    return state == nullptr ? 1 : denied_queries_.check(display_name(record), state->egress, node.runtime().servers_of(record));
}

void Warnings::finish(Node& node) {
    if (matched_) {
        unused_rules_.end();
    }
    matched_ = round_->reads_rules ? std::optional(std::move(round_->matched)) : std::nullopt;
    next_rules_ns_ = matched_ ? clock_.boot_ns() + kRulesNs : next_rules_ns_;
    round_.reset();
    policies_.end();
    denied_queries_.end();
    std::vector<Warning> all = servers(node);
    const std::vector<Warning> without_labels = unknown_labels(node);
    const std::vector<Warning> encrypted_dns = encrypted_dns_.warnings(node);
    const auto is_server = [](const Warning& one) { return std::string_view(one.event) == kUntrustedServer; };
    numbers_ = {static_cast<std::size_t>(std::count_if(all.begin(), all.end(), is_server)),
                without_labels.size(),
                policies_.unselected().size(),
                policies_.domains_not_looked_up(),
                unused_rules_.rules(),
                denied_queries_.endpoints(),
                encrypted_dns.size()};
    for (const std::vector<Warning>& more :
         {encrypted_dns, without_labels, denied_queries_.warnings(), policies_.to_log(), unused_rules_.warnings()}) {
        all.insert(all.end(), more.begin(), more.end());
    }
    for (const Warning& warning : log_.fresh(all)) {
        log::warning(warning.event, {log::kv("what", warning.text)});
    }
}

std::vector<Warning> Warnings::servers(Node& node) const {
    const auto entries = datapath::read_untrusted(node.datapath());
    if (!entries) {
        return {{"DNS servers not read", "", "DNS servers that are not trusted: " + entries.error().message()}};
    }
    std::map<IpAddress, UntrustedServerSummary> found;
    for (const datapath::UntrustedServer& entry : *entries) {
        const auto record = node.records().find(entry.endpoint);
        if (record == node.records().end() || node.runtime().trusts(record->second, entry.server)) {
            continue;
        }
        UntrustedServerSummary& server = found[entry.server];
        server.server = entry.server;
        server.pods.push_back(display_name(record->second));
        server.responses += entry.responses;
        server.matters = server.matters || has_domains(node, entry.endpoint);
    }
    std::vector<Warning> out;
    out.reserve(found.size());
    for (const auto& entry : found) {
        out.push_back(untrusted_server(entry.second, node.config().dns_servers));
    }
    return out;
}

std::vector<Warning> Warnings::unknown_labels(const Node& node) const {
    std::map<std::string, std::string> pods = refused_.list();
    for (const auto& entry : node.records()) {
        const node::Programmed* state = node.programmer().find(entry.first);
        if (state != nullptr && state->labels_unknown) {
            pods[display_name(entry.second)] = state->error;
        }
    }
    std::vector<Warning> out;
    out.reserve(pods.size());
    for (const auto& entry : pods) {
        out.push_back(unknown(entry.first, entry.second));
    }
    return out;
}

std::vector<std::string> Warnings::lines(Node& node) const {
    std::vector<std::string> out;
    add_some(out, servers(node));
    add_some(out, encrypted_dns_.warnings(node));
    add_some(out, unknown_labels(node));
    add_some(out, denied_queries_.warnings());
    if (const std::vector<Warning>& unselected = policies_.unselected(); unselected.size() == 1) {
        out.push_back(unselected.front().text);
    } else if (!unselected.empty()) {
        std::vector<std::string> names;
        names.reserve(unselected.size());
        for (const Warning& one : unselected) {
            names.push_back(one.subject);
        }
        out.push_back(std::to_string(unselected.size()) + " policies select no endpoint of this node: " + listed(names, kShownWarnings) +
                      "; see: namegatectl policies");
    }
    add_some(out, policies_.not_looked_up());
    add_some(out, unused_rules_.warnings());
    return out;
}

void Warnings::note_programmed(const endpoints::Record& record, const Result<>& result) {
    if (!result && result.error().code() == Code::kLabelsUnknown) {
        refused_.refuse(display_name(record), result.error().message());
    } else {
        refused_.admit(display_name(record));
    }
}

}  // namespace namegate::daemon

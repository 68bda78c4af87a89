// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/check_report.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "base/words.h"
#include "policy/documents/policy_store.h"
#include "policy/model/protocol.h"

namespace namegate::policy {

namespace {

// Warns of tiers that policies name and no document describes, because the name is probably misspelt.
void warn_of_tiers(const Snapshot& snapshot, Problems& problems) {
    std::vector<std::string_view> known;
    for (const Snapshot::TierView& tier : snapshot.tiers()) {
        if (tier.described) {
            known.push_back(tier.tier.name);
        }
    }
    for (const Snapshot::TierView& tier : snapshot.tiers()) {
        const std::string_view near = tier.described ? std::string_view() : nearest_word(tier.tier.name, known);
        for (std::size_t i = 0; !tier.described && i < tier.policies.size(); ++i) {
            problems.push_back({tier.policies[i]->place, Problem::Severity::kWarning, "spec.tier",
                                "no Tier document describes the tier \"" + tier.tier.name +
                                    "\"; it comes after all others and ends in Deny" +
                                    (near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?")});
        }
    }
}

// Whether the rule allows DNS queries to some server, or leaves them to other policies.
bool may_allow_query(const Rule& rule, const std::vector<std::uint16_t>& dns_ports) {
    const EntityRule& to = rule.destination;
    const bool only_domains = !to.domains.empty() && to.nets.empty() && !to.selector && !to.namespace_selector;
    const bool protocol = !rule.protocol || *rule.protocol == kProtocolUdp || *rule.protocol == kProtocolTcp;
    if ((rule.action != RuleAction::kAllow && rule.action != RuleAction::kPass) || only_domains || !protocol) {
        return false;
    }
    return to.ports.empty() || std::any_of(to.ports.begin(), to.ports.end(), [&dns_ports](const Port& port) {
               return !port.name.empty() || std::any_of(dns_ports.begin(), dns_ports.end(),
                                                        [&port](std::uint16_t dns) { return dns >= port.low && dns <= port.high; });
           });
}

bool has_domains(const Policy& policy) {
    return std::any_of(policy.egress.begin(), policy.egress.end(), [](const Rule& rule) { return !rule.destination.domains.empty(); });
}

// Warns of policies with domains if no rule allows DNS queries, whichever endpoint they select.
void warn_of_queries(const Snapshot& snapshot, const std::vector<std::uint16_t>& dns_ports, Problems& problems) {
    const auto allows = [&dns_ports](const Policy* policy) {
        return !policy->staged && std::any_of(policy->egress.begin(), policy->egress.end(),
                                              [&dns_ports](const Rule& rule) { return may_allow_query(rule, dns_ports); });
    };
    const auto some_allow = [&allows](const Snapshot::TierView& tier) {
        return std::any_of(tier.policies.begin(), tier.policies.end(), allows);
    };
    if (std::any_of(snapshot.tiers().begin(), snapshot.tiers().end(), some_allow)) {
        return;
    }
    for (const Snapshot::TierView& tier : snapshot.tiers()) {
        for (const Policy* policy : tier.policies) {
            if (!policy->staged && tier.tier.default_action == RuleAction::kDeny && has_domains(*policy)) {
                problems.push_back({policy->place, Problem::Severity::kWarning, "spec.egress",
                                    "has domains, but no rule of any file allows DNS queries, so no name opens anything; write - {action: "
                                    "Allow, protocol: UDP, destination: {ports: [53]}}, with nets: [the servers] for these alone"});
            }
        }
    }
}

}  // namespace

CheckReport check_files(const std::vector<CheckInput>& files, const CheckScope& scope) {
    PolicyStore store;
    for (const CheckInput& file : files) {
        store.set_file(file.path, file.content);
    }
    CheckReport report;
    for (FileStatus& status : store.files()) {
        ++report.files;
        report.resources += status.resources;
        report.problems.insert(report.problems.end(), status.problems.begin(), status.problems.end());
    }
    warn_of_tiers(*store.snapshot(), report.problems);
    if (scope.whole_folders && report.good()) {
        warn_of_queries(*store.snapshot(), scope.dns_ports, report.problems);
    }
    std::stable_sort(report.problems.begin(), report.problems.end(), [](const Problem& a, const Problem& b) {
        return std::tie(a.place.file, a.place.line, a.place.column) < std::tie(b.place.file, b.place.line, b.place.column);
    });
    return report;
}

}  // namespace namegate::policy

// SPDX-License-Identifier: Apache-2.0
#include "policy/check_report.h"

#include <algorithm>
#include <tuple>

#include "policy/policy_store.h"

namespace namegate::policy {

CheckReport check_files(const std::vector<CheckInput>& files) {
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
    for (const Snapshot::TierView& tier : store.snapshot()->tiers()) {
        if (tier.described) {
            continue;
        }
        for (const Policy* policy : tier.policies) {
            report.problems.push_back(
                {policy->place, Problem::Severity::kWarning, "spec.tier",
                 "no Tier document describes the tier \"" + tier.tier.name + "\"; it comes after all others and ends in Deny"});
        }
    }
    std::stable_sort(report.problems.begin(), report.problems.end(), [](const Problem& a, const Problem& b) {
        return std::tie(a.place.file, a.place.line, a.place.column) < std::tie(b.place.file, b.place.line, b.place.column);
    });
    return report;
}

}  // namespace namegate::policy

// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/check_report.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "base/words.h"
#include "policy/documents/policy_store.h"

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

}  // namespace

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
    warn_of_tiers(*store.snapshot(), report.problems);
    std::stable_sort(report.problems.begin(), report.problems.end(), [](const Problem& a, const Problem& b) {
        return std::tie(a.place.file, a.place.line, a.place.column) < std::tie(b.place.file, b.place.line, b.place.column);
    });
    return report;
}

}  // namespace namegate::policy

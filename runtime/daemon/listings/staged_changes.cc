// SPDX-License-Identifier: Apache-2.0
#include "daemon/listings/staged_changes.h"

#include "daemon/listings/counted_packet.h"

namespace namegate::daemon {

namespace {

api::StagedChange item_of(const StagedEntry& entry) {
    const policy::RuleOrigin& origin = entry.origin;
    return {counted_packet(entry, origin.tier, policy::short_name(origin)), entry.endpoint.name, entry.would_allow ? "allowed" : "denied",
            origin.file, origin.line};
}

}  // namespace

api::StagedReply view_staged_changes(const StagedWatch& staged, std::optional<std::uint32_t> endpoint) {
    const StagedReport& report = staged.report();
    api::StagedReply out{report.since(), staged.policies(), report.judged(), report.unjudged(), report.unlisted(), {}};
    for (const StagedEntry& entry : report.entries()) {
        if (!endpoint || entry.endpoint.id == *endpoint) {
            out.entries.push_back(item_of(entry));
        }
    }
    return out;
}

}  // namespace namegate::daemon

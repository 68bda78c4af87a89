// SPDX-License-Identifier: Apache-2.0
#include "node/handover.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/log.h"
#include "datapath/endpoint_writer.h"
#include "datapath/slots.h"
#include "node/admission.h"

namespace namegate::node {

namespace {

using endpoints::Record;

constexpr std::size_t kNamesShown = 5;

void log_lost(const datapath::OtherBuild& older, const std::vector<std::string>& lost) {
    for (const std::string& map : lost) {
        log::warning("a map is not carried over, because the layout differs: endpoints start with an empty one",
                     {log::kv("map", map), log::kv("from_version", older.version())});
    }
}

void log_not_taken_over(const Record& record, std::string_view why) {
    log::error("an endpoint stays with the older build",
               {log::kv("why", why), log::kv("interface", record.host_ifname), log::kv("slot", record.slot)});
}

// The slots that are still to be adopted. An endpoint keeps the number of its slot. If it cannot, the endpoint is left out and
// logged.
Result<std::vector<datapath::SlotUse>> slots_to_adopt(datapath::Datapath& datapath, const std::vector<Record>& records) {
    NG_ASSIGN(const auto used, datapath::used_slots(datapath));
    std::map<std::uint32_t, std::uint32_t> owners;
    for (const datapath::SlotUse& use : used) {
        owners[use.slot] = use.endpoint;
    }
    std::vector<datapath::SlotUse> uses;
    for (const Record& record : records) {
        if (record.slot >= NG_MAX_SLOTS) {
            log_not_taken_over(record, "this build has no slot with this number");
            continue;
        }
        const auto [owner, is_free] = owners.emplace(record.slot, record.id);
        if (is_free) {
            uses.push_back({record.slot, record.id});
        } else if (owner->second != record.id) {
            log_not_taken_over(record, "another endpoint has its slot");
        }
    }
    return uses;
}

}  // namespace

Result<const datapath::OtherBuild*> enforced_by(const std::vector<datapath::OtherBuild>& builds, const Record& record) {
    for (const datapath::OtherBuild& build : builds) {
        NG_ASSIGN(const bool on, build.is_on(record.host_ifname, record.host_ifindex));
        if (on) {
            return &build;
        }
    }
    return nullptr;
}

Result<std::vector<Record>> prepare_handover(const NodeLock& /*lock*/, datapath::Datapath& datapath, const datapath::OtherBuild& older,
                                             const std::vector<Record>& records) {
    NG_ASSIGN(const auto uses, slots_to_adopt(datapath, records));
    if (!uses.empty()) {
        NG_ASSIGN(const auto lost, datapath::adopt_slots(datapath, older, uses));
        log_lost(older, lost);
        log::info("taking over the endpoints of another build",
                  {log::kv("from_version", older.version()), log::kv("endpoints", uses.size())});
    }
    NG_ASSIGN(const auto used, datapath::used_slots(datapath));
    std::set<std::pair<std::uint32_t, std::uint32_t>> owned;
    for (const datapath::SlotUse& use : used) {
        owned.emplace(use.slot, use.endpoint);
    }
    std::vector<Record> prepared;
    for (const Record& record : records) {
        if (owned.count({record.slot, record.id}) == 0) {
            continue;
        }
        NG_ASSIGN(const auto active, datapath::active_config(datapath, record.slot));
        if (!active || active->endpoint != record.id) {
            NG_TRY(datapath::write_closed(datapath, identity_of(record)));
        }
        NG_TRY(datapath::bind_interface(datapath, record.host_ifindex, identity_of(record)));
        prepared.push_back(record);
    }
    return prepared;
}

Result<> finish_handover(const NodeLock& /*lock*/, datapath::Datapath& datapath) {
    if (datapath.older().empty()) {
        return ok();
    }
    NG_ASSIGN(const auto left, datapath.retire_older());
    if (left.empty()) {
        log::info("all endpoints of older builds are taken over", {});
        return ok();
    }
    std::string names;
    for (std::size_t i = 0; i < left.size() && i < kNamesShown; ++i) {
        names += (i == 0 ? "" : ", ") + left[i];
    }
    return Error(Code::kTryAgain, std::to_string(left.size()) + " interfaces are still enforced by an older build, unchanged: " + names +
                                      (left.size() > kNamesShown ? ", ..." : ""));
}

}  // namespace namegate::node

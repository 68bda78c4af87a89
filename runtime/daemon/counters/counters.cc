// SPDX-License-Identifier: Apache-2.0
#include "daemon/counters/counters.h"

#include <array>

#include "datapath/policy_collection.h"
#include "datapath/policy_writer.h"
#include "datapath/reasons.h"

namespace namegate::daemon {

namespace {

using Kind = CounterInfo::Kind;

enum class CounterId : std::size_t {
#define NG_COUNTER(id, name, kind, unit, help) k##id,
#include "daemon/counters/counters.def"
#undef NG_COUNTER
    kCount,
};

using Values = std::array<std::uint64_t, static_cast<std::size_t>(CounterId::kCount)>;

std::uint64_t& at(Values& values, CounterId id) { return values[static_cast<std::size_t>(id)]; }

}  // namespace

const std::vector<CounterInfo>& daemon_counters() {
    static const std::vector<CounterInfo> all = {
#define NG_COUNTER(id, name, kind, unit, help) {name, Kind::k##kind, unit, help},
#include "daemon/counters/counters.def"
#undef NG_COUNTER
    };
    return all;
}

const std::vector<CounterInfo>& program_counters() {
    static const std::vector<CounterInfo> all = [] {
        std::vector<CounterInfo> out;
        for (const datapath::ReasonInfo& reason : datapath::reasons()) {
            out.push_back({reason.name, Kind::kCounter, reason.unit, reason.help});
        }
        return out;
    }();
    return all;
}

Result<std::vector<CounterValue>> read_daemon_counters(Node& node, const Learner& learner) {
    NG_ASSIGN(const std::vector<datapath::PolicyId> installed, datapath::installed_policies(node.datapath()));
    const dns::NameCacheStats names = node.cache().stats();
    const LearnerStats& learnt = learner.stats();
    Values values{};
    at(values, CounterId::kPolicies) = node.programmer().snapshot().policy_count();
    at(values, CounterId::kCompiledPolicies) = installed.size();
    at(values, CounterId::kCachedNames) = names.names;
    at(values, CounterId::kCachedAddresses) = names.addresses;
    at(values, CounterId::kCachedNamesEvicted) = names.evicted;
    at(values, CounterId::kDnsResponses) = learnt.responses;
    at(values, CounterId::kDnsResponsesUndecided) = learnt.unparsed_by_kernel;
    at(values, CounterId::kDnsResponsesMalformed) = learnt.malformed;
    at(values, CounterId::kDaemonOpened) = learnt.opened;
    at(values, CounterId::kDaemonNeverOpened) = learnt.never_opened;
    at(values, CounterId::kEventsDropped) = learnt.dropped;
    at(values, CounterId::kDnsChainsCut) = learnt.joins_cut;
    at(values, CounterId::kHeldLearnt) = learnt.held_learnt;
    at(values, CounterId::kHeldUnlearnt) = learnt.held_unlearnt;
    at(values, CounterId::kHeldLost) = learnt.held_lost;
    at(values, CounterId::kEndpointsRelabelled) = node.relabelled();
    at(values, CounterId::kEndpointsReselected) = node.reselected();
    at(values, CounterId::kFlowLogLines) = node.flow_log_counts().lines;
    at(values, CounterId::kFlowLogLost) = node.flow_log_counts().lost;
    std::vector<CounterValue> out;
    for (std::size_t i = 0; i < values.size(); ++i) {
        out.push_back({&daemon_counters()[i], values[i]});
    }
    return out;
}

std::vector<CounterValue> values_of(const datapath::Stats& stats) {
    std::vector<CounterValue> out;
    for (std::size_t i = 0; i < stats.size(); ++i) {
        out.push_back({&program_counters()[i], stats[i]});
    }
    return out;
}

Result<std::vector<CounterValue>> read_program_counters(Node& node) {
    datapath::Stats sums{};
    for (const auto& entry : node.records()) {
        NG_ASSIGN(const datapath::Stats stats, datapath::read_stats(node.datapath(), entry.second.slot));
        for (std::size_t i = 0; i < stats.size(); ++i) {
            sums[i] += stats[i];
        }
    }
    return values_of(sums);
}

}  // namespace namegate::daemon

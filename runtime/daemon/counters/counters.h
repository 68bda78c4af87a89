// SPDX-License-Identifier: Apache-2.0
//
// All counters, with name, unit and meaning, as `status` and `endpoints` show them. A counter is a row of counters.def (the
// daemon's) or of datapath/bpf/reasons.def (the programs'). Reads the kernel's maps. One thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "daemon/dns/learner.h"
#include "daemon/node.h"
#include "datapath/reader.h"

namespace namegate::daemon {

struct CounterInfo {
    enum class Kind { kCounter, kGauge };

    std::string_view name;
    Kind kind = Kind::kCounter;
    std::string_view unit;
    std::string_view help;
};

struct CounterValue {
    const CounterInfo* info = nullptr;
    std::uint64_t value = 0;
};

// The daemon's counters, in the order of counters.def.
const std::vector<CounterInfo>& daemon_counters();
// The programs' counters, in the order of reasons.def.
const std::vector<CounterInfo>& program_counters();

Result<std::vector<CounterValue>> read_daemon_counters(Node& node, const Learner& learner);
// The programs' counters: of one endpoint, and the sums over all endpoints.
std::vector<CounterValue> values_of(const datapath::Stats& stats);
Result<std::vector<CounterValue>> read_program_counters(Node& node);

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
//
// How many rules of the policies in force have never matched a packet, in the sense of `namegatectl policies`: no counter of an
// endpoint that has the rule is above zero. The endpoints are read in turn, for as long as a call may take; the numbers are those of
// the last whole round. Reads the kernel's maps. One thread; an endpoint that cannot be read is left out of the round.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <unordered_map>

#include "daemon/node.h"
#include "policy/model/resources.h"

namespace namegate::daemon {

struct RuleNumbers {
    std::size_t rules = 0;
    std::size_t never_matched = 0;
};

class RuleUse {
  public:
    // Continues the round until this time of the node's clock, by one endpoint at least. A round begins at most every kRoundNs.
    void read(Node& node, std::uint64_t until_boot_ns);
    const RuleNumbers& numbers() const { return numbers_; }

    static constexpr std::uint64_t kRoundNs = 30'000'000'000;

  private:
    void read_one(Node& node, const endpoints::Record& record, policy::Direction direction);
    void finish();

    std::unordered_map<std::string, bool> matched_;  // of this round, by rule
    std::uint32_t last_ = 0;                         // the endpoint that was read last
    bool in_round_ = false;
    std::uint64_t next_boot_ns_ = 0;
    RuleNumbers numbers_;
};

}  // namespace namegate::daemon

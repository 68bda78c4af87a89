// SPDX-License-Identifier: Apache-2.0
#include "daemon/warnings/partly_matched.h"

#include <set>

#include "policy/model/protocol.h"

namespace namegate::daemon {

std::vector<std::string> partly_matched_lines(const Node& node) {
    std::set<std::string> known;
    for (const auto& entry : node.records()) {
        const node::Programmed* state = node.programmer().find(entry.first);
        if (state == nullptr || !state->egress) {
            continue;
        }
        for (const policy::PartlyMatched& one : state->egress->partly) {
            if (known.size() < kMaxPartlyShown) {
                known.insert(one.policy_kind + " " + one.policy_name + "[" + std::to_string(one.rule_index) + "], " +
                             policy::protocol_name(one.protocol) + " port " + std::to_string(one.port) + ": " + one.text() +
                             "; the Service stays denied");
            }
        }
    }
    return {known.begin(), known.end()};
}

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/warnings/denied_queries.h"

#include "api/explain.h"
#include "base/listed.h"

namespace namegate::daemon {

namespace {

constexpr std::size_t kNamedEndpoints = 8;  // in one line
constexpr std::size_t kShownServers = 4;

std::string advice_for(const policy::CompiledPolicy& egress, const std::vector<dns::TrustedServer>& servers) {
    if (!api::denies_queries(egress, servers)) {
        return {};
    }
    const std::string names = listed(servers, kShownServers, [](const dns::TrustedServer& server) { return server.to_string(); });
    const std::vector<std::string> advice = api::advice_for_queries(egress, servers);
    return "allow no DNS query to a trusted server (" + names + "), so no name opens anything" +
           (advice.empty() ? "" : ": " + advice.front());
}

Warning warning_of(const std::string& advice, const std::vector<std::string>& endpoints) {
    const std::string who = endpoints.size() == 1 ? "the policies of " + endpoints.front()
                                                  : "the policies of " + std::to_string(endpoints.size()) + " endpoints (" +
                                                        listed(endpoints, kNamedEndpoints) + ")";
    return {"DNS queries denied", advice, who + " have domains, but " + advice};
}

}  // namespace

std::size_t DeniedQueries::check(const std::string& endpoint, const node::CompiledRef& egress,
                                 const std::vector<dns::TrustedServer>& servers) {
    if (egress == nullptr || egress->patterns.empty()) {
        return 1;
    }
    const auto [known, is_new] = next_.advice.try_emplace({egress, servers});
    if (is_new) {
        known->second = advice_for(*egress, servers);
    }
    if (!known->second.empty()) {
        next_.endpoints[known->second].push_back(endpoint);
    }
    return is_new ? 1 + servers.size() * (egress->patterns.size() + egress->cidrs.size() + egress->ports.size()) : 1;
}

void DeniedQueries::end() {
    warnings_.clear();
    endpoints_ = 0;
    for (const auto& [advice, endpoints] : next_.endpoints) {
        warnings_.push_back(warning_of(advice, endpoints));
        endpoints_ += endpoints.size();
    }
    next_ = Round();
}

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/flow_log/open_flow_log.h"

#include <algorithm>

#include "node/policy_folders.h"

namespace namegate::daemon {

namespace {

constexpr std::uint64_t kMegabyte = 1'000'000;
constexpr std::int64_t kHour = 3600;

}  // namespace

std::set<EventKind> kinds_of(const std::vector<std::string>& names) {
    std::set<EventKind> out;
    for (std::size_t i = 0; i < kEventKinds; ++i) {
        if (const auto kind = static_cast<EventKind>(i); std::find(names.begin(), names.end(), name_of(kind)) != names.end()) {
            out.insert(kind);
        }
    }
    return out;
}

std::unique_ptr<FlowLog> open_flow_log(Node& node) {
    const config::FlowLog& config = node.config().flow_log;
    if (config.path.empty()) {
        return nullptr;
    }
    FlowLogSettings settings;
    settings.file = {config.path, config.max_size_mb * kMegabyte, config.max_files, config.max_age_hours * kHour};
    settings.kinds = kinds_of(config.events);
    settings.host = node::node_name(node.config());
    return std::make_unique<FlowLog>(std::move(settings), system_log_disk(), node.clock(), node.flow_log_counts(),
                                     [&node](std::uint32_t endpoint) -> std::optional<EndpointText> {
                                         const auto record = node.records().find(endpoint);
                                         return record == node.records().end() ? std::nullopt
                                                                               : std::optional(describe_endpoint(node, record->second));
                                     });
}

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
#include "plugin/wiring.h"

#include <utility>

#include "config/config.h"
#include "node/endpoint_service.h"

namespace namegate::plugin {

Result<std::unique_ptr<node::EndpointLifecycle>> open_lifecycle(const std::string& config_path, Clock& clock) {
    NG_ASSIGN(const config::Config config, config::load_config(config_path));
    NG_ASSIGN(std::unique_ptr<node::EndpointService> service, node::EndpointService::create(config, clock));
    return std::unique_ptr<node::EndpointLifecycle>(std::move(service));
}

}  // namespace namegate::plugin

// SPDX-License-Identifier: Apache-2.0
//
// Connects the plugin with the policy runtime that is linked into it. The only function that a program made from the
// plugin's library must provide: the installed plugin has the real one, tests have their own.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "node/endpoint_lifecycle.h"

namespace namegate::plugin {

// Reads the configuration file; if it is missing, all defaults apply.
Result<std::unique_ptr<node::EndpointLifecycle>> open_lifecycle(const std::string& config_path, Clock& clock);

}  // namespace namegate::plugin

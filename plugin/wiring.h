// SPDX-License-Identifier: Apache-2.0
//
// Connects the plugin with the policy runtime. The plugin's library does not contain this function: the installed program links
// wiring.cc, and test programs define their own.
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

// SPDX-License-Identifier: Apache-2.0
//
// Where the plugin meets the policy runtime that is linked into it. The one function that a program made of
// the plugin's library has to bring along: the installed plugin has the real one, tests have their own.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "node/endpoint_lifecycle.h"

namespace namegate::plugin {

// Reads the configuration file; one that is not there is all defaults.
Result<std::unique_ptr<node::EndpointLifecycle>> open_lifecycle(const std::string& config_path, Clock& clock);

}  // namespace namegate::plugin

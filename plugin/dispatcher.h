// SPDX-License-Identifier: Apache-2.0
//
// The CNI protocol: environment and stdin in, one JSON text and an exit status out. Everything from outside
// is injected, so the whole protocol runs in memory. Never writes anything itself.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "cni/environment.h"
#include "plugin/handler.h"

namespace namegate::plugin {

struct Invocation {
    cni::GetEnvironment get_environment;
    std::function<Result<std::string>()> read_stdin;  // the whole of it, within cni::kMaxJsonBytes
};

struct Reply {
    int exit_status = 0;
    std::string standard_output;
    std::string standard_error;
};

Reply dispatch(const Invocation& invocation, Handler& handler);

}  // namespace namegate::plugin

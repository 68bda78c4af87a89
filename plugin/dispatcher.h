// SPDX-License-Identifier: Apache-2.0
//
// The CNI protocol: reads environment and stdin, returns one JSON text and an exit status. All input is injected, so
// tests run the whole protocol in memory. Writes nothing itself.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "cni/environment.h"
#include "plugin/handler.h"

namespace namegate::plugin {

struct Invocation {
    cni::GetEnvironment get_environment;
    std::function<Result<std::string>()> read_stdin;  // all of it, at most cni::kMaxJsonBytes
};

struct Reply {
    int exit_status = 0;
    std::string standard_output;
    std::string standard_error;
};

Reply dispatch(const Invocation& invocation, Handler& handler);

}  // namespace namegate::plugin

// SPDX-License-Identifier: Apache-2.0
//
// What every command needs: its arguments, where it prints, and the few ways to end. One thread.
#pragma once

#include <string>
#include <string_view>

#include "api/protocol.h"
#include "ctl/arguments.h"
#include "ctl/ctl.h"

namespace namegate::ctl {

struct Context {
    const Arguments& arguments;
    const Environment& environment;

    std::ostream& out() const { return environment.out; }
    bool json() const { return arguments.format == Format::kJson; }
};

// "namegatectl: message", line by line and printable; returns the code.
int fail(const Environment& environment, ExitCode code, std::string_view message);

// Why the daemon did not answer; returns the code that goes with it.
int report_failure(const Context& context, const Error& error);

// The daemon's: given, or of the configuration.
Result<std::string> socket_path(const Arguments& arguments);

// In ASCII: whatever a terminal would act on is escaped. `indent` -1: on one line.
std::string ascii(const api::Json& json, int indent);

// Indented, in ASCII: whatever a terminal would act on is escaped.
void print_json(const Context& context, const api::Json& json);

}  // namespace namegate::ctl

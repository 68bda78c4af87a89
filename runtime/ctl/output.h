// SPDX-License-Identifier: Apache-2.0
//
// Shared by all commands: the arguments, the output streams, errors and exit codes. One thread.
#pragma once

#include <cstddef>
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
    // Characters of a line of the terminal; 0: any number.
    std::size_t width() const { return environment.screen ? environment.screen().columns : 0; }
    bool json() const { return arguments.format == Format::kJson; }
};

// Prints "namegatectl: LINE" for each line of the message, made printable. Returns the code.
int fail(const Environment& environment, ExitCode code, std::string_view message);

// Prints why a request failed. Returns the exit code for it.
int report_failure(const Context& context, const Error& error);

// The daemon's socket: from --socket, else from the configuration.
Result<std::string> socket_path(const Arguments& arguments);

// JSON in ASCII; escapes control characters, which a terminal would act on. `indent` -1: on one line.
std::string ascii(const api::Json& json, int indent);

// The version of the forms that docs/api-json.md describes.
inline constexpr int kFormatVersion = 1;
// {"formatVersion": 1, ...} with the members of an object; of a list {"formatVersion": 1, "items": [...]}.
api::Json versioned(const api::Json& json);

// Prints ascii() of versioned(): indented, or with --watch on one line.
void print_json(const Context& context, const api::Json& json);

}  // namespace namegate::ctl

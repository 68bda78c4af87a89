// SPDX-License-Identifier: Apache-2.0
//
// namegatectl called in memory, with a daemon that sends one reply.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "api/reply.h"
#include "ctl/ctl.h"

namespace namegate::test {

struct Called {
    int code = -1;
    std::string out;
    std::string err;
    std::string socket;  // that was used; empty: none
    api::Request request;
};

class Ctl {
  public:
    Result<api::Json> reply = Error(Code::kNotFound, "no daemon listens", 2);
    bool colour = false;
    ctl::Screen screen;  // no terminal
    std::function<bool(unsigned seconds)> wait;
    std::function<Result<std::string>(const std::vector<std::string>& words, unsigned timeout_ms, std::size_t max_bytes)> run_program;

    Called operator()(const std::vector<std::string>& arguments) const {
        Called called;
        std::ostringstream out;
        std::ostringstream err;
        const ctl::Environment environment{out,
                                           err,
                                           colour,
                                           [this, &called](const std::string& socket, const api::Request& request) {
                                               called.socket = socket;
                                               called.request = request;
                                               return reply;
                                           },
                                           {},
                                           run_program,
                                           [this] { return screen; },
                                           wait};
        called.code = ctl::run(arguments, environment);
        called.out = out.str();
        called.err = err.str();
        return called;
    }
};

inline api::Json json_of(const std::string& text) {
    api::Json parsed = api::Json::parse(text, nullptr, false);
    return parsed;
}

}  // namespace namegate::test

// SPDX-License-Identifier: Apache-2.0
#include "suggested.h"

#include <fstream>
#include <sstream>

#include "api/client.h"
#include "ctl/ctl.h"

namespace namegate::test {

namespace {

constexpr unsigned kTimeoutMs = 10'000;

Suggested run(const std::vector<std::string>& arguments) {
    std::ostringstream out;
    std::ostringstream err;
    ctl::Environment environment{out, err};
    environment.ask = [](const std::string& socket, const api::Request& request) { return api::ask_daemon(socket, request, kTimeoutMs); };
    environment.follow = [](const std::string& socket, const api::Request& request, const std::function<bool(const api::Json&)>& take) {
        return api::follow_daemon(socket, request, kTimeoutMs, take);
    };
    Suggested result;
    result.code = ctl::run(arguments, environment);
    result.out = out.str();
    result.err = err.str();
    return result;
}

}  // namespace

Suggested suggest(const Node& node, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"-s", node.folder() + "/state/namegated.sock", "suggest"});
    return run(arguments);
}

Suggested check_policy(const Node& node, const std::string& content) {
    const std::string file = node.folder() + "/checked.yaml";
    std::ofstream(file) << content;
    return run({"check", file});
}

}  // namespace namegate::test

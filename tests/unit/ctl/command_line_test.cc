// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cerrno>
#include <fstream>

#include "base/file.h"
#include "support/temp_dir.h"
#include "unit/ctl/call.h"

using namespace namegate;
using Catch::Contains;
using Catch::StartsWith;
using test::Called;
using test::Ctl;

TEST_CASE("wrong arguments exit with 2 and a reason") {
    struct Case {
        std::vector<std::string> arguments;
        const char* message;
    };
    const std::vector<Case> cases = {
        {{}, "a command is missing"},
        {{""}, "unknown command \"\""},
        {{"polices"}, "unknown command \"polices\"; did you mean \"policies\"?"},
        {{"status", "x"}, "usage: namegatectl [OPTION...] status"},
        {{"policies", "a", "b"}, "usage: namegatectl [OPTION...] policies [ENDPOINT]"},
        {{"ips", "a", "b"}, "usage: namegatectl [OPTION...] ips ENDPOINT"},
        {{"ips", ""}, "an argument is empty"},
        {{"dns", "a", "b"}, "dns [ENDPOINT]"},
        {{"domain", "x"}, "domain PATTERN NAME"},
        {{"selector"}, "selector EXPR"},
        {{"status", "-o", "yaml"}, "--output: yaml not in {table,json}; see namegatectl status --help"},
        {{"status", "-o"}, "--output needs a value"},
        {{"status", "-s", ""}, "--socket: needs a value"},
        {{"status", "--colour"}, "unknown option \"--colour\""},
        {{"status", "--help=yes"}, "--help does not accept a value"},
        {{"status", "--socket=", "x"}, "--socket needs a value"},
        {{"status", "-x"}, "unknown option \"-x\""},
        {{"status", "--outptu", "json"}, "did you mean \"--output\"?"},
        {{"--offline", "explain", "a", "b"}, "--offline is an option of explain only; write it after this command"},
        {{"monitor", "--offline"}, "--offline is an option of explain only"},
        {{"help", "nothing"}, "unknown command \"nothing\""},
        {{"\033[2J"}, "unknown command \"\\x1b[2J\""},
    };
    for (const Case& each : cases) {
        const Called called = Ctl()(each.arguments);
        INFO(each.message);
        CHECK(called.code == 2);
        CHECK(called.out.empty());
        CHECK_THAT(called.err, StartsWith("namegatectl: ") && Contains(each.message));
        CHECK(called.socket.empty());
    }
}

TEST_CASE("help and version need no daemon and no configuration") {
    for (const std::vector<std::string>& asked :
         std::vector<std::vector<std::string>>{{"--version"}, {"status", "-V"}, {"-V", "nothing"}}) {
        CHECK(Ctl()(asked).code == 0);
        CHECK_THAT(Ctl()(asked).out, StartsWith("namegatectl "));
    }
    const Called called = Ctl()({"--help"});
    CHECK(called.code == 0);
    for (const char* command : {"check", "status", "endpoints", "policies", "ips", "dns", "selector", "domain", "explain", "monitor"}) {
        INFO(command);
        CHECK_THAT(called.out, Contains(std::string("\n    ") + command));
        const Called page = Ctl()({command, "--help"});
        CHECK(page.code == 0);
        CHECK_THAT(page.out,
                   StartsWith(std::string("NAME\n    namegatectl ") + command) && Contains("\nEXIT STATUS\n") && Contains("\nEXAMPLES\n"));
        CHECK(Ctl()({"help", command}).out == page.out);
        CHECK_THAT(page.out, Contains("\n    -s,--socket SOCKET ") && Contains("\n    -h,--help "));
    }
    CHECK(Ctl()({"help"}).out == called.out);
}

TEST_CASE("the socket: from the option, the configuration, or the default") {
    const test::TempDir folder;
    const std::string config = folder.path() + "/namegate.yaml";
    Ctl ctl;
    ctl.reply = api::Json::array();
    CHECK(ctl({"endpoints", "--config", folder.path() + "/none.yaml"}).socket == "/run/namegate/namegated.sock");
    std::ofstream(config) << "stateDir: /run/elsewhere\n";
    CHECK(ctl({"endpoints", "--config", config}).socket == "/run/elsewhere/namegated.sock");
    CHECK(ctl({"--config=" + config, "endpoints"}).socket == "/run/elsewhere/namegated.sock");
    CHECK(ctl({"-s", "/tmp/x.sock", "endpoints", "--config", config}).socket == "/tmp/x.sock");
    CHECK(ctl({"-s/tmp/y.sock", "endpoints"}).socket == "/tmp/y.sock");
    CHECK(ctl({"endpoints", "--socket=/tmp/z.sock"}).socket == "/tmp/z.sock");

    std::ofstream(config) << "statedir: /run/elsewhere\n";
    const Called called = ctl({"endpoints", "--config", config});
    CHECK(called.code == 2);
    CHECK_THAT(called.err, Contains(config + ":1:1: error: statedir") && Contains("stateDir"));
    CHECK(called.socket.empty());
}

TEST_CASE("the endpoint is sent to the daemon as written") {
    Ctl ctl;
    ctl.reply = api::Json::array();
    const Called called = ctl({"ips", "-s", "/x", "default/weather"});
    CHECK(called.code == 0);
    CHECK(called.request.command == "ips");
    CHECK(called.request.arguments == api::Json{{"endpoint", "default/weather"}});
    CHECK(ctl({"dns", "-s", "/x"}).request.arguments == api::Json::object());
    // The name of a command is an operand after a command.
    CHECK(ctl({"dns", "-s", "/x", "status"}).request.arguments == api::Json{{"endpoint", "status"}});
    CHECK(ctl({"-s", "/y", "dns", "-s", "/x", "[a,b]"}).request.arguments == api::Json{{"endpoint", "[a,b]"}});
    CHECK(ctl({"dns", "-s", "/x", "{}"}).request.arguments == api::Json{{"endpoint", "{}"}});
    CHECK(ctl({"dns", "-s", "/x", "--", "-odd"}).request.arguments == api::Json{{"endpoint", "-odd"}});
}

TEST_CASE("the exit code shows what the daemon replied, or that there is none") {
    struct Case {
        Error error;
        int code;
    };
    const std::vector<Case> cases = {
        {sys_error("no daemon listens on /x", ENOENT), 3},
        {sys_error("connecting to /x", EACCES), 3},
        {Error(Code::kTryAgain, "the daemon did not reply in time"), 3},
        {Error(Code::kNotFound, "no endpoint is \"a/b\""), 1},
        {Error(Code::kInvalidInput, "several endpoints match \"a\""), 2},
        {Error(Code::kUnsupported, "there is no command \"ips\""), 1},
        {Error(Code::kIo, "a map cannot be read"), 1},
    };
    for (const Case& each : cases) {
        Ctl ctl;
        ctl.reply = each.error;
        const Called called = ctl({"ips", "-s", "/x", "a/b"});
        INFO(each.error.message());
        CHECK(called.code == each.code);
        CHECK(called.out.empty());
        CHECK_THAT(called.err, StartsWith("namegatectl: " + each.error.message()));
    }
}

// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "support/written_names.h"
#include "unit/ctl/call.h"

using namespace namegate;
using Catch::Contains;
using Catch::StartsWith;
using test::Called;
using test::Ctl;

TEST_CASE("domain: exact names, wildcards, and names that only look alike") {
    struct Case {
        const char* pattern;
        const char* name;
        int code;
    };
    const std::vector<Case> cases = {
        {"example.com", "example.com", 0},
        {"example.com", "EXAMPLE.com.", 0},
        {"example.com", "evilexample.com", 1},
        {"example.com", "www.example.com", 1},
        {"example.com", "example.com.evil.org", 1},
        {"*.example.com", "www.example.com", 0},
        {"*.example.com", "a.b.example.com", 0},
        {"*.example.com", "example.com", 1},
        {"*.example.com", "evilexample.com", 1},
        {"*.example.com", "www.example.com.evil.org", 1},
        {"update.*.example.com", "update.eu.example.com", 0},
        {"update.*.example.com", "eu.example.com", 1},
        {"bücher.example", "BÜCHER.example", 0},
        {"*", "example.com", 2},
        {"exa*.com", "example.com", 2},
        {"https://example.com", "example.com", 2},
        {"example.com", "*.example.com", 2},
        {"example.com", "a..b", 2},
    };
    for (const Case& each : cases) {
        const Called called = Ctl()({"domain", each.pattern, each.name});
        INFO(each.pattern << " " << each.name);
        CHECK(called.code == each.code);
        CHECK_THAT(each.code == 2 ? called.err : called.out, StartsWith(each.code == 0   ? "yes: "
                                                                        : each.code == 1 ? "no: "
                                                                                         : "namegatectl: the "));
    }
    CHECK_THAT(Ctl()({"domain", "example.com", "www.example.com"}).out, Contains("\"*.example.com\" matches the names below it"));
    CHECK_THAT(Ctl()({"domain", "*.example.com", "example.com"}).out, Contains("add \"example.com\""));
}

TEST_CASE("domain as JSON") {
    const Called called = Ctl()({"domain", "-o", "json", "*.Example.com", "www.EXAMPLE.com."});
    CHECK(called.code == 0);
    const api::Json json = test::json_of(called.out);
    CHECK(json["matches"] == true);
    CHECK(json["pattern"] == "*.example.com");
    CHECK(json["name"] == "www.example.com");
    CHECK(test::json_of(Ctl()({"domain", "-ojson", "a.b", "c.b"}).out)["matches"] == false);
}

TEST_CASE("D7: names as people write them, on the command line") {
    for (const test::WrittenName& one : test::kWrittenNames) {
        INFO(one.pattern << " against " << one.asked);
        CHECK(Ctl()({"domain", one.pattern, one.asked}).code == (one.matches ? 0 : 1));
    }
}

TEST_CASE("selector: matches, does not match, is invalid") {
    struct Case {
        std::vector<std::string> arguments;
        int code;
    };
    const std::vector<Case> cases = {
        {{"app == 'weather-app'", "app=weather-app"}, 0},
        {{"app == 'weather-app'", "app=other"}, 1},
        {{"app == 'weather-app'"}, 1},
        {{"all()"}, 0},
        {{""}, 0},
        {{"!has(app)", "env=test"}, 0},
        {{"color in {'red', 'blue'} && has(app)", "color=red", "app="}, 0},
        {{"a == 'b=c'", "a=b=c"}, 0},
        {{"app = 'x'", "app=x"}, 2},
        {{"app ==", "app=x"}, 2},
        {{"has(app)", "app"}, 2},
        {{"has(app)", "=x"}, 2},
        {{"has(app)", "app=1", "app=2"}, 2},
    };
    for (const Case& each : cases) {
        std::vector<std::string> arguments = {"selector"};
        arguments.insert(arguments.end(), each.arguments.begin(), each.arguments.end());
        const Called called = Ctl()(arguments);
        INFO(each.arguments.front());
        CHECK(called.code == each.code);
    }
    CHECK_THAT(Ctl()({"selector", "app = 'x'"}).err, Contains("at character 5"));
    const api::Json json = test::json_of(Ctl()({"selector", "-o", "json", "app=='x'", "app=x"}).out);
    CHECK(json == api::Json{{"formatVersion", 1}, {"matches", true}, {"selector", "app == \"x\""}, {"labels", {{"app", "x"}}}});
}

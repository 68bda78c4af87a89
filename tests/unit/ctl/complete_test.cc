// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

#include "ctl/command_line.h"
#include "ctl/pages.h"
#include "unit/ctl/call.h"

using namespace namegate;
using api::Json;
using Catch::Contains;
using test::Called;
using test::Ctl;

namespace {

using Words = std::vector<std::string>;

Called call(const Ctl& ctl, Words words) {
    words.insert(words.begin(), "__complete");
    return ctl(words);
}

// The candidates without their descriptions; "files" for a path.
Words candidates(const Ctl& ctl, const Words& words) {
    const Called called = call(ctl, words);
    CHECK(called.code == 0);
    CHECK(called.err.empty());
    std::istringstream in(called.out);
    Words out;
    for (std::string line; std::getline(in, line);) {
        out.push_back(line.substr(0, line.find('\t')));
    }
    REQUIRE_FALSE(out.empty());
    if (out.front() == "words") {
        out.erase(out.begin());
    }
    return out;
}
Words candidates(const Words& words) { return candidates(Ctl(), words); }

bool has(const Words& words, const std::string& word) { return std::count(words.begin(), words.end(), word) == 1; }

}  // namespace

TEST_CASE("completion of commands: every one that has a help page") {
    const Words all = candidates({""});
    CHECK(all.size() == ctl::pages().size());
    for (const ctl::Page& page : ctl::pages()) {
        CHECK(has(all, std::string(page.command)));
        CHECK(has(candidates({"help", ""}), std::string(page.command)));
    }
    CHECK(candidates({"po"}) == Words{"policies"});
    CHECK(candidates({"-s", "/x", "po"}) == Words{"policies"});
    CHECK(candidates({"-s"}) == Words{"-s"});
    CHECK(candidates({"nothing"}).empty());
    CHECK(has(candidates({}), "status"));
}

TEST_CASE("completion of options: every one of the command and the program, once") {
    ctl::with_command_line([](const CLI::App& program) {
        for (const CLI::App* command : program.get_subcommands({})) {
            const Words options = candidates({command->get_name(), "-"});
            for (const CLI::App* app : {&program, command}) {
                for (const CLI::Option* option : app->get_options([](const CLI::Option* each) { return each->nonpositional(); })) {
                    for (const std::string& name : option->get_lnames()) {
                        INFO(command->get_name() << " --" << name);
                        CHECK(has(options, "--" + name));
                    }
                }
            }
        }
    });
    CHECK(candidates({"explain", "--off"}) == Words{"--offline"});
    CHECK(candidates({"status", "--off"}).empty());
    CHECK(candidates({"explain", "--", "--off"}).empty());
}

TEST_CASE("completion of values") {
    CHECK(candidates({"status", "-o", ""}) == Words{"table", "json"});
    CHECK(candidates({"status", "--output=j"}) == Words{"--output=json"});
    CHECK(candidates({"status", "--output", "=", "j"}) == Words{"--output=json"});  // as bash splits it
    CHECK(candidates({"--config", ""}) == Words{"files"});
    CHECK(candidates({"check", "x", ""}) == Words{"files"});
    CHECK(candidates({"explain", "--policies", ""}) == Words{"files"});
    CHECK(candidates({"completion", ""}) == Words{"bash", "zsh", "fish"});
    CHECK(candidates({"status", ""}).empty());
}

TEST_CASE("completion of endpoints asks the daemon that the line names") {
    Ctl ctl;
    api::EndpointsReply endpoints;
    for (const char* name : {"default/weather", "default/web", "$(reboot)", "a b", "\033[2J"}) {
        endpoints.emplace_back().endpoint = name;
        endpoints.back().mode = endpoints.size() == 1 ? "enforced" : "open";
    }
    ctl.reply = api::write_reply<api::EndpointsRequest>(endpoints);
    const Called called = call(ctl, {"-s", "/y", "ips", "default/we"});
    CHECK(called.out == "words\ndefault/weather\tenforced\ndefault/web\topen\n");
    CHECK(called.socket == "/y");
    CHECK(called.request.command == "endpoints");
    CHECK(call(ctl, {"ips", "--socket=/z", ""}).socket == "/z");
    CHECK(call(ctl, {"ips", "--socket", "=", "/z", ""}).socket == "/z");
    // What a shell would act on is not offered.
    CHECK(candidates(ctl, {"explain", "-s", "/x", ""}) == Words{"default/weather", "default/web"});
    CHECK(candidates(ctl, {"explain", "-s", "/x", "default/web", ""}).empty());
    // No daemon, and a reply of another form.
    CHECK(candidates({"ips", "-s", "/x", ""}).empty());
    ctl.reply = Json{{"a", 1}};
    CHECK(candidates(ctl, {"ips", "-s", "/x", ""}).empty());
}

TEST_CASE("the scripts of the shells") {
    CHECK_THAT(Ctl()({"completion", "bash"}).out, Contains("complete -F _namegatectl namegatectl"));
    CHECK_THAT(Ctl()({"completion", "zsh"}).out, Catch::StartsWith("#compdef namegatectl\n"));
    CHECK_THAT(Ctl()({"completion", "fish"}).out, Contains("complete -c namegatectl"));
    CHECK(Ctl()({"completion", "tcsh"}).code == 2);
    CHECK(Ctl()({"completion"}).code == 2);
}

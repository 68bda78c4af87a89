// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "support/temp_dir.h"
#include "unit/ctl/call.h"

using namespace namegate;
using Catch::Contains;
using Catch::EndsWith;
using Catch::StartsWith;
using test::Called;
using test::Ctl;

namespace {

// An example with one text replaced in it.
class Slips {
  public:
    std::string example(const std::string& name, const std::string& from, const std::string& to) const {
        std::ifstream in(std::string(NAMEGATE_EXAMPLES) + "/" + name);
        std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
        const std::size_t at = text.find(from);
        REQUIRE(at != std::string::npos);
        return write(name, text.replace(at, from.size(), to));
    }
    std::string write(const std::string& name, const std::string& content) const {
        std::ofstream(folder_.path() + "/" + name) << content;
        return folder_.path() + "/" + name;
    }
    const std::string& path() const { return folder_.path(); }

  private:
    test::TempDir folder_;
};

constexpr const char* kTier = "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: security}\nspec: {order: 1}\n";

}  // namespace

TEST_CASE("check: the examples have no error") {
    const Called called = Ctl()({"check", NAMEGATE_EXAMPLES});
    CHECK(called.code == 0);
    CHECK(called.out == "10 files, 15 good resources: no errors\n");
    CHECK(called.err.empty());
    CHECK(Ctl()({"check", std::string(NAMEGATE_EXAMPLES) + "/network-set.yaml", NAMEGATE_EXAMPLES "/"}).out == called.out);
}

TEST_CASE("check: each mistake is named with file, line, column, field and what to write") {
    struct Case {
        const char* from;
        const char* to;
        const char* place;  // after the file's name
        const char* advice;
    };
    const std::vector<Case> cases = {
        {"selector:", "selectr:", ":8:3: error: spec.selectr: ", "selector"},
        {"app == \"weather-app\"", "app = \"weather-app\"", ":8:17: error: spec.selector: ", "write '=='"},
        {"action: Allow", "action: allow", ":10:13: error: spec.egress[0].action: ", "Allow"},
        {"protocol: UDP\n", "protocol: udp\n", ":11:15: error: spec.egress[0].protocol: ", "UDP"},
        {"- '53'", "- '53-54'", ":15:9: error: spec.egress[0].destination.ports[0]: ", "1000:2000"},
        {"- api.weather.com", "- https://api.weather.com/v1", ":19:9: error: spec.egress[1].destination.domains[0]: ", "api.weather.com"},
        {"- api.weather.com", "- '*'", ":19:9: error: spec.egress[1].destination.domains[0]: ", "*"},
        {"- api.weather.com", "- 192.0.2.1", ":19:9: error: spec.egress[1].destination.domains[0]: ", "nets"},
        {"  - Egress", "  - egress", ":21:5: error: spec.types[0]: ", "Egress"},
        {"v3", "v4", ":2:1: error: apiVersion: ", "projectcalico.org/v3"},
        {"kind: GlobalNetworkPolicy", "kind: GlobalNetworkPolice", ":3:1: error: kind: ", "GlobalNetworkPolicy"},
        {"destination:\n      domains", "destination:\n      domain", ":18:7: error: spec.egress[1].destination.domain: ", "domains"},
    };
    for (const Case& each : cases) {
        const Slips slips;
        const std::string path = slips.example("global-network-policy.yaml", each.from, each.to);
        const Called called = Ctl()({"check", slips.path()});
        INFO(each.to);
        CHECK(called.code == 1);
        CHECK_THAT(called.out, Contains(path + each.place) && Contains(each.advice));
    }
}

TEST_CASE("check: it prints the line, with a mark below the place") {
    const Slips slips;
    const std::string path = slips.example("global-network-policy.yaml", "- api.weather.com", "- https://api.weather.com/v1");
    CHECK_THAT(Ctl()({"check", path}).out, Contains("\n  19 |       - https://api.weather.com/v1\n     |         ^\n1 file, "));
    Ctl coloured;
    coloured.colour = true;
    CHECK_THAT(coloured({"check", path}).out, Contains("\n     |         \033[1;31m^\033[0m\n"));
    CHECK(Ctl()({"check", "-o", "json", path}).out.find("^") == std::string::npos);
    // Characters before the mark that a terminal would act on, or align otherwise, are counted as they are shown.
    const std::string before = "{kind: Tier, apiVersion: projectcalico.org/v3, metadata: {name: \"";
    const std::string odd = slips.write("odd.yaml", before + "\x7fü\", nme: x}}\r\n");
    CHECK_THAT(Ctl()({"check", odd}).out, Contains("  1 | " + before + "\\x7fü\", nme: x}}\n    | " +
                                                   std::string(before.size() + std::string("\\x7f_\", ").size(), ' ') + "^\n"));
    // Of a long line only the part around the place is shown.
    const std::string wide = slips.write("wide.yaml", "{a: '" + std::string(300, 'x') + "', a: '" + std::string(300, 'y') + "'}\n");
    CHECK_THAT(Ctl()({"check", wide}).out,
               Contains("  1 | ...xxx") && Contains("x', a: 'yyy") && Contains("yyy...\n    | " + std::string(83, ' ') + "^\n"));
}

TEST_CASE("check: every problem of every file, in order") {
    const Slips slips;
    const std::string first =
        slips.example("global-network-policy.yaml", "action: Allow\n    protocol: UDP", "action: allow\n    protocol: udp");
    const std::string second = slips.write("z.yml", "a: [\n");
    slips.write(".hidden.yaml", "a: [\n");
    slips.write("editor.yaml~", "a: [\n");
    std::filesystem::create_directory(slips.path() + "/folder.yaml");
    const Called called = Ctl()({"check", slips.path()});
    CHECK(called.code == 1);
    CHECK_THAT(called.out, Contains(slips.path() + "/folder.yaml: error: cannot be read: ") && Contains(first + ":10:13: error: ") &&
                               Contains(first + ":11:15: error: ") && Contains(second + ":2:1: error: "));
    CHECK_THAT(called.out, EndsWith("\n3 files, 0 good resources: 4 errors\n"));
    CHECK(called.out.find(first) < called.out.find(second));
}

TEST_CASE("check: one resource in two files, and a file named twice") {
    const Slips slips;
    const std::string one = slips.write("one.yaml", kTier);
    CHECK(Ctl()({"check", one, slips.path() + "/../" + slips.path().substr(5), one}).code == 0);
    slips.write("two.yaml", kTier);
    const Called called = Ctl()({"check", slips.path()});
    CHECK(called.code == 1);
    CHECK_THAT(called.out, Contains("two.yaml:") && Contains("one.yaml"));
}

TEST_CASE("check: a warning is not an error") {
    const Slips slips;
    slips.example("global-network-policy.yaml", "tier: default", "tier: later");
    const Called called = Ctl()({"check", slips.path()});
    CHECK_THAT(called.out, Contains(": warning: spec.tier: ") && EndsWith("no errors, 1 warning\n"));
    CHECK(called.code == 0);
}

TEST_CASE("check: without arguments it checks the configured folders") {
    const Slips slips;
    const test::TempDir folder;
    const std::string config = folder.path() + "/namegate.yaml";
    slips.write("one.yaml", kTier);
    std::ofstream(config) << "policyDirs: [" << slips.path() << "]\n";
    CHECK(Ctl()({"check", "--config", config}).out == "1 file, 1 good resource: no errors\n");
    std::ofstream(config) << "policyDirs: [" << slips.path() << "/none]\n";
    const Called called = Ctl()({"check", "--config", config});
    CHECK(called.code == 2);
    CHECK_THAT(called.err, Contains(slips.path() + "/none: No such file"));
    CHECK(Ctl()({"check", slips.path() + "/none.yaml"}).code == 2);
}

TEST_CASE("check as JSON, for editors") {
    const Slips slips;
    const std::string path = slips.example("global-network-policy.yaml", "action: Allow", "action: allow");
    const Called called = Ctl()({"check", "-o", "json", path});
    CHECK(called.code == 1);
    const api::Json json = test::json_of(called.out);
    CHECK(json["good"] == false);
    CHECK(json["files"] == 1);
    REQUIRE(json["problems"].size() == 1);
    const api::Json& problem = json["problems"][0];
    CHECK(problem["file"] == path);
    CHECK(problem["line"] == 10);
    CHECK(problem["column"] == 13);
    CHECK(problem["severity"] == "error");
    CHECK(problem["field"] == "spec.egress[0].action");
    CHECK_THAT(problem["message"].get<std::string>(), Contains("Allow"));
}

TEST_CASE("check: colours only when asked for, and never those of a file") {
    const Slips slips;
    const std::string path = slips.example("global-network-policy.yaml", "action: Allow", "action: \"\\e[31mAllow\"");
    CHECK(Ctl()({"check", path}).out.find('\033') == std::string::npos);
    Ctl coloured;
    coloured.colour = true;
    const Called called = coloured({"check", path});
    CHECK_THAT(called.out, StartsWith("\033[1m" + path + ":10:13:\033[0m \033[1;31merror:\033[0m ") && Contains("\\x1b[31mAllow"));
}

TEST_CASE("schema: usable by an editor") {
    const Called called = Ctl()({"schema"});
    CHECK(called.code == 0);
    CHECK(test::json_of(called.out)["definitions"]["rule"]["properties"]["action"]["enum"].size() == 4);
}

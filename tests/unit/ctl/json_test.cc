// SPDX-License-Identifier: Apache-2.0
// docs/api-json.md, for the commands that need no daemon.
#include <catch2/catch.hpp>
#include <fstream>

#include "support/documented_json.h"
#include "support/temp_dir.h"
#include "unit/ctl/call.h"

using namespace namegate;
using test::Ctl;

namespace {

using Lines = std::vector<std::string>;

void check(test::DocumentedJson& document, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"-o", "json"});
    const test::Called called = Ctl()(arguments);
    INFO(called.out << called.err);
    CHECK(document.check(test::json_of(called.out)) == Lines{});
}

}  // namespace

TEST_CASE("the JSON of check, selector, domain and explain --offline is as described") {
    const test::TempDir folder;
    const std::string file = folder.path() + "/a.yaml";
    std::ofstream(file) << "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: a}\n"
                           "spec: {selector: all(), types: [Egress], egres: []}\n";
    test::DocumentedJson document(NAMEGATE_API_JSON, "check");
    check(document, {"check", file});
    CHECK(document.unseen() == Lines{});

    document = test::DocumentedJson(NAMEGATE_API_JSON, "selector");
    check(document, {"selector", "all()", "a=b"});
    CHECK(document.unseen() == Lines{});

    document = test::DocumentedJson(NAMEGATE_API_JSON, "domain");
    check(document, {"domain", "*.a.b", "a.b"});
    CHECK(document.unseen() == Lines{});

    std::ofstream(file) << "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: a}\n"
                           "spec: {selector: all(), types: [Egress], egress: [{action: Allow, destination: {domains: [x.y]}}]}\n---\n"
                           "apiVersion: projectcalico.org/v3\nkind: StagedGlobalNetworkPolicy\nmetadata: {name: s}\n"
                           "spec: {selector: all(), order: 1, types: [Egress], egress: [{action: Deny, protocol: TCP}]}\n";
    document = test::DocumentedJson(NAMEGATE_API_JSON, "explain");
    for (const char* destination : {"x.y", "192.0.2.1"}) {
        check(document, {"explain", "--offline", "--policies", folder.path(), "default/a", destination});
    }
    CHECK(document.unseen() == Lines{});
}

TEST_CASE("what is compared with docs/api-json.md") {
    test::DocumentedJson document(NAMEGATE_API_JSON, "domain");
    CHECK(document.check({{"formatVersion", 1}, {"matches", true}, {"pattern", "a"}, {"name", 3}, {"new", 1}}) ==
          Lines{"name is not text: 3", "new is not described", "why is missing"});
    CHECK(document.unseen() == Lines{"why"});
    CHECK(document.check({{"matches", true}}) == Lines{"it is not an object with formatVersion 1"});
    CHECK_THROWS(test::DocumentedJson(NAMEGATE_API_JSON, "nothing"));
}

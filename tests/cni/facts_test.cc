// SPDX-License-Identifier: Apache-2.0
// docs/cni.md lists what runtimes do and what namegate does then: every row has a test that names it, in its tags or, for shell
// tests, in its description.
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "support/test_tags.h"

using namespace namegate::test;

namespace {

using Ids = std::set<std::string>;

void add_ids(Ids& ids, const std::string& text, const std::regex& pattern) {
    for (const auto& match : all_matches(text, pattern)) {
        ids.insert(match.front());
    }
}

}  // namespace

TEST_CASE("every fact in docs/cni.md has a test, and no test cites an unknown fact") {
    Ids facts;
    std::size_t rows = 0;
    for (const auto& match : all_matches(file_content(NAMEGATE_SOURCE_DIR "/docs/cni.md"), std::regex("\n\\| (C[0-9]+) \\|"))) {
        facts.insert(match.front());
        ++rows;
    }
    CHECK(facts.size() == rows);  // each number once
    REQUIRE(rows > 50);

    Ids tested;
    const std::regex tag("\\[(C[0-9]+)\\]");
    for (const std::string& tags : test_case_tags(NAMEGATE_SOURCE_DIR "/tests")) {
        add_ids(tested, tags, tag);
    }
    for (const char* script : {"check", "install"}) {
        add_ids(tested, file_content(std::string(NAMEGATE_SOURCE_DIR "/tests/package/") + script),
                std::regex("\nexpect \"\\[(C[0-9]+)\\]"));
    }
    for (const std::string& fact : facts) {
        INFO(fact << " has no test");
        CHECK(tested.count(fact) == 1);
    }
    for (const std::string& cited : tested) {
        INFO(cited << " is cited by a test, and is not in docs/cni.md");
        CHECK(facts.count(cited) == 1);
    }
}

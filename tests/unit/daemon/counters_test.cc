// SPDX-License-Identifier: Apache-2.0
// The table of counters: names that any tool can use, each one unique, and all of them in docs/counters.md.
#include "daemon/counters/counters.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "base/file.h"

using namespace namegate;
using namespace namegate::daemon;

namespace {

std::vector<CounterInfo> all_counters() {
    std::vector<CounterInfo> all = daemon_counters();
    all.insert(all.end(), program_counters().begin(), program_counters().end());
    return all;
}

bool is_snake_case(std::string_view name) {
    const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
    return !name.empty() && name.front() >= 'a' && name.front() <= 'z' && name.back() != '_' && std::all_of(name.begin(), name.end(), good);
}

}  // namespace

TEST_CASE("every counter has a unique machine name, a unit and a help text") {
    std::set<std::string_view> names;
    for (const CounterInfo& counter : all_counters()) {
        INFO(counter.name);
        CHECK(is_snake_case(counter.name));
        CHECK(names.insert(counter.name).second);
        CHECK_FALSE(counter.unit.empty());
        CHECK_FALSE(counter.help.empty());
    }
    CHECK(program_counters().size() == NG_R_COUNT);
}

TEST_CASE("docs/counters.md lists every counter as the table has it") {
    const auto text = read_file(NAMEGATE_DOCS "/counters.md", 1 << 20);
    REQUIRE(text);
    for (const CounterInfo& counter : daemon_counters()) {
        const std::string kind = counter.kind == CounterInfo::Kind::kGauge ? "gauge" : "counter";
        const std::string row = "| `" + std::string(counter.name) + "` | " + kind + " | " + std::string(counter.unit) + " | " +
                                std::string(counter.help) + " |";
        INFO(row);
        CHECK(text->find(row) != std::string::npos);
    }
    for (const CounterInfo& counter : program_counters()) {
        const std::string row =
            "| `" + std::string(counter.name) + "` | " + std::string(counter.unit) + " | " + std::string(counter.help) + " |";
        INFO(row);
        CHECK(text->find(row) != std::string::npos);
    }
}

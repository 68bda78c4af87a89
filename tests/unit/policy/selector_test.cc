// SPDX-License-Identifier: Apache-2.0
#include "policy/model/selector.h"

#include <catch2/catch.hpp>
#include <random>

using namegate::policy::Labels;
using namegate::policy::Selector;
using namegate::policy::SelectorError;

namespace {

bool matches(const char* text, const Labels& labels) {
    const auto parsed = Selector::parse(text);
    INFO(text);
    REQUIRE(parsed.has_value());
    return parsed->matches(labels);
}

std::string random_selector(std::mt19937& random, int depth) {
    const auto pick = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    const std::string label(1, static_cast<char>('a' + pick(3)));
    const std::string value = "\"" + std::string(1, static_cast<char>('x' + pick(3))) + "\"";
    switch (pick(depth > 0 ? 14 : 9)) {
        case 0: return label + " == " + value;
        case 1: return label + " != " + value;
        case 2: return label + " in {" + value + ", 'y',}";
        case 3: return label + " notin {" + value + "}";
        case 4: return label + " contains " + value;
        case 5: return label + " startswith " + value;
        case 6: return label + " ends with " + value;
        case 7: return "has(" + label + ")";
        case 8: return "all()";
        case 9: return "!" + random_selector(random, depth - 1);
        case 10: return "!!(" + random_selector(random, depth - 1) + ")";
        case 11: return "(" + random_selector(random, depth - 1) + ")";
        case 12: return random_selector(random, depth - 1) + " && " + random_selector(random, depth - 1);
        default: return random_selector(random, depth - 1) + " || " + random_selector(random, depth - 1);
    }
}

}  // namespace

TEST_CASE("S1: every form") {
    const Labels labels = {{"app", "web-1"}, {"a.b/c_d-e", "v"}};
    for (const char* yes : {"",
                            "  ",
                            "all()",
                            "has(app)",
                            "app == \"web-1\"",
                            "app == 'web-1'",
                            "app != 'x'",
                            "app in {'x', \"web-1\"}",
                            "app in {'web-1',}",
                            "app not in {'x'}",
                            "app not in {}",
                            "app notin {'x'}",
                            "app contains 'eb'",
                            "app starts with 'web'",
                            "app startswith 'web'",
                            "app ends with '-1'",
                            "app endswith '1'",
                            "a.b/c_d-e == 'v'",
                            "has(none) || has(app) && app == 'web-1'",
                            "(has(none) || has(app))",
                            "app=='web-1'&&has( app )"}) {
        CHECK(matches(yes, labels));
    }
    for (const char* no : {"has(none)", "app == 'web'", "app != 'web-1'", "app in {}", "app not in {'web-1'}", "app contains 'x'",
                           "app starts with 'eb'", "app ends with 'web'", "(has(app) || has(app)) && has(none)"}) {
        CHECK_FALSE(matches(no, labels));
    }
}

TEST_CASE("S2: an absent label") {
    for (const char* no : {"x == 'a'", "x in {'a'}", "x contains ''", "x starts with ''", "x ends with ''", "has(x)"}) {
        CHECK_FALSE(matches(no, {}));
    }
    CHECK(matches("x != 'a'", {}));
    CHECK(matches("x not in {'a'}", {}));
}

TEST_CASE("S3: negation") {
    CHECK(matches("!a == 'x'", {{"a", "y"}}));
    CHECK_FALSE(matches("!a == 'x'", {{"a", "x"}}));
    CHECK(matches("!!a == 'x'", {{"a", "x"}}));
    CHECK_FALSE(matches("!!! has(a)", {{"a", "x"}}));
    CHECK_FALSE(matches("!has(a) && has(b)", {{"a", "x"}, {"b", "x"}}));
}

TEST_CASE("S4: refused selectors, and the place of the error") {
    const std::pair<const char*, std::size_t> cases[] = {
        {"a == b", 5},
        {"'a' == 'b'", 0},
        {"a", 0},
        {"has(a) has(b)", 7},
        {"has(a) & has(b)", 7},
        {"has(a) | has(b)", 7},
        {"a == 'b", 5},
        {"(has(a)", 0},
        {"()", 1},
        {"has(a) && #", 10},
        {"has(a))", 6},
        {"a = 'b'", 2},
        {"a in 'b'", 5},
        {"a in {'b'", 5},
        {"a in {'b' 'c'}", 10},
        {"a not 'b'", 6},
        {"foo(a)", 0},
        {"has('a')", 4},
        {"a == 'b' c == 'd'", 9},
        {"&& has(a)", 0},
        {"has(a) &&", 9},
        {"!", 1},
        {"a like 'b'", 2},
        {"a in {,}", 6},
    };
    for (const auto& [text, offset] : cases) {
        INFO(text);
        const auto parsed = Selector::parse_located(text);
        const SelectorError* error = std::get_if<SelectorError>(&parsed);
        REQUIRE(error != nullptr);
        CHECK(error->offset == offset);
    }
    CHECK_THAT(Selector::parse("a == b").error().message(), Catch::Contains("at character 6") && Catch::Contains("write \"b\""));
}

TEST_CASE("nesting and length have limits") {
    const auto nested = [](int depth) {
        return std::string(static_cast<std::size_t>(depth), '(') + "has(a)" + std::string(static_cast<std::size_t>(depth), ')');
    };
    CHECK(Selector::parse(nested(namegate::policy::kMaxSelectorDepth)).has_value());
    CHECK_FALSE(Selector::parse(nested(namegate::policy::kMaxSelectorDepth + 1)).has_value());
    CHECK_FALSE(Selector::parse(nested(5000)).has_value());
    CHECK(Selector::parse(std::string(10'001, '!') + "has(a)").has_value());
    CHECK_FALSE(Selector::parse(std::string(namegate::policy::kMaxSelectorBytes + 1, ' ')).has_value());
}

TEST_CASE("the canonical text has the same meaning and is stable") {
    std::mt19937 random(4711);
    for (int i = 0; i < 5000; ++i) {
        const std::string text = random_selector(random, 4);
        INFO(text);
        const auto first = Selector::parse(text);
        REQUIRE(first.has_value());
        const auto second = Selector::parse(first->to_string());
        REQUIRE(second.has_value());
        CHECK(second->to_string() == first->to_string());
        for (const Labels& labels : {Labels{}, Labels{{"a", "x"}}, Labels{{"a", "y"}, {"b", "x"}}, Labels{{"c", "z"}}}) {
            CHECK(first->matches(labels) == second->matches(labels));
        }
    }
    CHECK(Selector::parse("a=='x'&&(b in {'z','y'}||!has(c))")->to_string() == R"(a == "x" && (b in {"y", "z"} || !has(c)))");
    CHECK(Selector::parse("a == '\"'")->to_string() == "a == '\"'");
}

TEST_CASE("S6: a selector over the namespace's labels") {
    const auto over = [](const char* text) { return Selector::parse(text)->with_prefix("pcns.", "ns"); };
    CHECK(over("env == 'prod'").matches({{"pcns.env", "prod"}}));
    CHECK_FALSE(over("env == 'prod'").matches({{"env", "prod"}}));
    CHECK(over("all()").matches({{"ns", "x"}}));
    CHECK_FALSE(over("all()").matches({}));
    CHECK(over("global()").matches({}));
    CHECK_FALSE(over("global()").matches({{"ns", "x"}}));
}

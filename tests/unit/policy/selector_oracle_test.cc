// SPDX-License-Identifier: Apache-2.0
// Random selectors against a naive evaluator of the trees from which they were written (S1-S3).
#include <catch2/catch.hpp>
#include <random>

#include "policy/model/selector.h"
#include "support/rounds.h"

using namespace namegate;
using namespace namegate::policy;

namespace {

enum class Kind { kAll, kHas, kEquals, kNotEquals, kIn, kNotIn, kContains, kStartsWith, kEndsWith, kNot, kAnd, kOr };

struct Tree {
    Kind kind = Kind::kAll;
    std::string label;
    std::vector<std::string> values;
    std::vector<Tree> parts;
};

bool holds(const Tree& tree, const Labels& labels) {
    const auto found = labels.find(tree.label);
    const bool there = found != labels.end();
    const std::string value = there ? found->second : "";
    const std::string first = tree.values.empty() ? "" : tree.values[0];
    bool listed = false;
    for (const std::string& each : tree.values) {
        listed = listed || each == value;
    }
    switch (tree.kind) {
        case Kind::kAll: return true;
        case Kind::kHas: return there;
        case Kind::kEquals:
        case Kind::kIn: return there && listed;
        case Kind::kNotEquals:
        case Kind::kNotIn: return !(there && listed);
        case Kind::kContains: return there && value.find(first) != std::string::npos;
        case Kind::kStartsWith: return there && value.rfind(first, 0) == 0;
        case Kind::kEndsWith:
            return there && value.size() >= first.size() && value.compare(value.size() - first.size(), first.size(), first) == 0;
        case Kind::kNot: return !holds(tree.parts[0], labels);
        case Kind::kAnd: return holds(tree.parts[0], labels) && holds(tree.parts[1], labels);
        case Kind::kOr: return holds(tree.parts[0], labels) || holds(tree.parts[1], labels);
    }
    return false;
}

class Writer {
  public:
    explicit Writer(std::mt19937& random) : random_(random) {}

    unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }

    Tree tree(int depth) {
        Tree out;
        out.kind = static_cast<Kind>(pick(depth > 0 ? 12 : 9));
        out.label = label();
        const bool set = out.kind == Kind::kIn || out.kind == Kind::kNotIn;
        for (unsigned n = set ? pick(4) : 1; n > 0; --n) {
            out.values.push_back(value());
        }
        const unsigned parts = out.kind == Kind::kNot ? 1 : out.kind == Kind::kAnd || out.kind == Kind::kOr ? 2 : 0;
        for (unsigned i = 0; i < parts; ++i) {
            out.parts.push_back(tree(depth - 1));
        }
        return out;
    }

    // As a user may write it: parentheses where they are needed, and sometimes where they are not.
    std::string text(const Tree& tree) {
        switch (tree.kind) {
            case Kind::kAll: return "all(" + space() + ")";
            case Kind::kHas: return "has(" + space() + tree.label + space() + ")";
            case Kind::kEquals: return tree.label + space() + "==" + space() + quoted(tree.values[0]);
            case Kind::kNotEquals: return tree.label + space() + "!=" + space() + quoted(tree.values[0]);
            case Kind::kIn: return tree.label + " in " + braces(tree.values);
            case Kind::kNotIn: return tree.label + (pick(2) == 0 ? " not in " : " notin") + braces(tree.values);
            case Kind::kContains: return tree.label + " contains " + quoted(tree.values[0]);
            case Kind::kStartsWith: return tree.label + (pick(2) == 0 ? " starts with " : " startswith") + quoted(tree.values[0]);
            case Kind::kEndsWith: return tree.label + (pick(2) == 0 ? " ends  with" : " endswith ") + quoted(tree.values[0]);
            case Kind::kNot: return (pick(4) == 0 ? "!!!" : "!") + space() + operand(tree.parts[0], Kind::kNot);
            case Kind::kAnd: return operand(tree.parts[0], Kind::kAnd) + space() + "&&" + space() + operand(tree.parts[1], Kind::kAnd);
            case Kind::kOr: return operand(tree.parts[0], Kind::kOr) + space() + "||" + space() + operand(tree.parts[1], Kind::kOr);
        }
        return {};
    }

    Labels labels() {
        Labels out;
        for (unsigned n = pick(4); n > 0; --n) {
            out[label()] = value();
        }
        return out;
    }

  private:
    std::string label() {
        const char* labels[] = {"a", "b", "in", "has", "a.b/c-d", "not"};
        return labels[pick(6)];
    }
    std::string value() {
        const char* values[] = {"", "x", "xy", "y", "yx", "x y", "it's"};
        return values[pick(7)];
    }
    std::string space() { return pick(2) == 0 ? "" : pick(8) == 0 ? " \t\n" : " "; }
    std::string quoted(const std::string& text) {
        const char* mark = pick(2) == 0 || text.find('\'') != std::string::npos ? "\"" : "'";
        return mark + text + mark;
    }
    std::string braces(const std::vector<std::string>& values) {
        std::string out = "{";
        for (const std::string& each : values) {
            out += (out.size() > 1 ? "," : "") + space() + quoted(each) + space();
        }
        return out + (!values.empty() && pick(4) == 0 ? ",}" : "}");
    }
    std::string operand(const Tree& tree, Kind parent) {
        const bool needed = tree.kind == Kind::kOr ? parent != Kind::kOr : tree.kind == Kind::kAnd && parent == Kind::kNot;
        return needed || pick(4) == 0 ? "(" + space() + text(tree) + ")" : text(tree);
    }

    std::mt19937& random_;
};

}  // namespace

TEST_CASE("random selectors have the meaning of the trees from which they were written") {
    const namegate::test::Rounds run = namegate::test::rounds("selectors", 100'000);
    std::mt19937 random(static_cast<std::mt19937::result_type>(run.seed));
    Writer writer(random);
    unsigned long differences = 0;
    for (unsigned long i = 0; i < run.count; ++i) {
        const Tree tree = writer.tree(4);
        const std::string text = writer.text(tree);
        const auto parsed = Selector::parse(text);
        INFO(text);
        REQUIRE(parsed.has_value());
        const auto again = Selector::parse(parsed->to_string());
        REQUIRE(again.has_value());
        REQUIRE(again->to_string() == parsed->to_string());
        for (int n = 0; n < 3; ++n) {
            const Labels labels = writer.labels();
            const bool expected = holds(tree, labels);
            differences += parsed->matches(labels) == expected && again->matches(labels) == expected ? 0U : 1U;
        }
        REQUIRE(differences == 0);
    }
}

// SPDX-License-Identifier: Apache-2.0
#include "policy/model/selector_parser.h"

#include <algorithm>
#include <optional>

namespace namegate::policy {
namespace {

using Op = SelectorNode::Op;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_label_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '/' || c == '-';
}

// A recursive-descent parser. It stops at the first error: a function that fails sets error_ and returns null.
class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    std::variant<SelectorNodePtr, SelectorError> run() {
        if (text_.size() > kMaxSelectorBytes) {
            return SelectorError{0, "the selector is longer than " + std::to_string(kMaxSelectorBytes) + " bytes"};
        }
        skip_space();
        if (at_end()) {
            return make(Op::kAll);
        }
        SelectorNodePtr root = parse_or();
        if (root && !at_end()) {
            root = fail(trailing_message());
        }
        if (!root) {
            return *error_;
        }
        return root;
    }

  private:
    bool at_end() const { return position_ >= text_.size(); }
    char peek() const { return at_end() ? '\0' : text_[position_]; }
    void skip_space() {
        while (!at_end() && is_space(peek())) {
            ++position_;
        }
    }

    SelectorNodePtr fail_at(std::size_t offset, std::string message) {
        if (!error_) {
            error_ = SelectorError{offset, std::move(message)};
        }
        return nullptr;
    }
    SelectorNodePtr fail(std::string message) { return fail_at(position_, std::move(message)); }

    static SelectorNodePtr make(Op op, std::string label = {}, std::vector<std::string> values = {}) {
        auto node = std::make_shared<SelectorNode>();
        node->op = op;
        node->label = std::move(label);
        node->values = std::move(values);
        return node;
    }

    std::string found() const {
        if (at_end()) {
            return "the end of the selector";
        }
        const char c = peek();
        return c > ' ' && c < 0x7f ? "'" + std::string(1, c) + "'" : "an invalid character";
    }

    std::string trailing_message() const {
        const char c = peek();
        if (c == ')') {
            return "')' without its '('";
        }
        if (c == '&' || c == '|') {
            return std::string("a single '") + c + "'; write '" + c + c + "'";
        }
        if (is_label_character(c) || c == '(' || c == '!' || c == '"' || c == '\'') {
            return "two terms without && or || between them";
        }
        return "unexpected " + found();
    }

    // Consumes `token`, if it is next, and the space after it.
    bool accept(std::string_view token) {
        if (text_.substr(position_, token.size()) != token) {
            return false;
        }
        position_ += token.size();
        skip_space();
        return true;
    }

    std::string_view peek_word() const {
        std::size_t end = position_;
        while (end < text_.size() && is_label_character(text_[end])) {
            ++end;
        }
        return text_.substr(position_, end - position_);
    }

    bool accept_word(std::string_view word) {
        if (peek_word() != word) {
            return false;
        }
        position_ += word.size();
        skip_space();
        return true;
    }

    // Makes a && b && c one node: merges children of the same kind into their parent.
    static SelectorNodePtr combine(Op op, std::vector<SelectorNodePtr> terms) {
        if (terms.size() == 1) {
            return terms.front();
        }
        auto node = std::make_shared<SelectorNode>();
        node->op = op;
        for (SelectorNodePtr& term : terms) {
            if (term->op == op) {
                node->children.insert(node->children.end(), term->children.begin(), term->children.end());
            } else {
                node->children.push_back(std::move(term));
            }
        }
        return node;
    }

    SelectorNodePtr parse_or() {
        std::vector<SelectorNodePtr> terms;
        do {
            SelectorNodePtr term = parse_and();
            if (!term) {
                return nullptr;
            }
            terms.push_back(std::move(term));
        } while (accept("||"));
        return combine(Op::kOr, std::move(terms));
    }

    SelectorNodePtr parse_and() {
        std::vector<SelectorNodePtr> terms;
        do {
            SelectorNodePtr term = parse_not();
            if (!term) {
                return nullptr;
            }
            terms.push_back(std::move(term));
        } while (accept("&&"));
        return combine(Op::kAnd, std::move(terms));
    }

    SelectorNodePtr parse_not() {
        bool negated = false;
        while (peek() == '!') {
            accept("!");
            negated = !negated;
        }
        SelectorNodePtr term = parse_term();
        if (!term || !negated) {
            return term;
        }
        if (term->op == Op::kNot) {  // !(!a)
            return term->children.front();
        }
        auto node = std::make_shared<SelectorNode>();
        node->op = Op::kNot;
        node->children.push_back(std::move(term));
        return node;
    }

    SelectorNodePtr parse_term() {
        const char c = peek();
        if (c == '(') {
            return parse_parentheses();
        }
        if (c == '"' || c == '\'') {
            return fail("the left side of an operator must be a label, not a value in quotes");
        }
        if (!at_end() && is_label_character(c)) {
            return parse_named_term();
        }
        if (c == '=') {
            return fail("the label before the operator is missing");
        }
        return fail("a label, has(...), all() or '(' is needed here, not " + found());
    }

    SelectorNodePtr parse_parentheses() {
        const std::size_t opened = position_;
        if (++depth_ > kMaxSelectorDepth) {
            return fail("more than " + std::to_string(kMaxSelectorDepth) + " nested parentheses");
        }
        accept("(");
        if (peek() == ')' && !at_end()) {
            return fail("empty parentheses");
        }
        SelectorNodePtr inner = parse_or();
        if (!inner) {
            return nullptr;
        }
        if (at_end()) {
            return fail_at(opened, "'(' without its ')'");
        }
        if (!accept(")")) {
            return fail(trailing_message());
        }
        --depth_;
        return inner;
    }

    // label operator value, has(label), all(), global()
    SelectorNodePtr parse_named_term() {
        const std::size_t start = position_;
        const std::string name(peek_word());
        position_ += name.size();
        skip_space();
        if (peek() != '(' || at_end()) {
            return parse_comparison(start, name);
        }
        if (name != "has" && name != "all" && name != "global") {
            return fail_at(start, "there is no function \"" + name + "\"; has(label), all() and global() are known");
        }
        accept("(");
        std::string label;
        if (name == "has") {
            label = std::string(peek_word());
            if (label.empty()) {
                return fail("has() needs a label, without quotes");
            }
            accept_word(label);
        }
        if (!accept(")")) {
            return fail(at_end() ? "')' is missing" : "')' is needed here, not " + found());
        }
        const Op op = name == "has" ? Op::kHas : name == "all" ? Op::kAll : Op::kGlobal;
        return make(op, label);
    }

    SelectorNodePtr parse_comparison(std::size_t start, const std::string& label) {
        if (accept("==")) {
            return with_value(Op::kEquals, label);
        }
        if (accept("!=")) {
            return with_value(Op::kNotEquals, label);
        }
        if (peek() == '=') {
            return fail("a single '='; write '=='");
        }
        if (accept_word("in")) {
            return with_set(Op::kIn, label);
        }
        if (accept_word("notin")) {
            return with_set(Op::kNotIn, label);
        }
        if (accept_word("not")) {
            if (!accept_word("in")) {
                return fail("\"not\" must be followed by \"in\"");
            }
            return with_set(Op::kNotIn, label);
        }
        if (accept_word("contains")) {
            return with_value(Op::kContains, label);
        }
        if (accept_word("startswith") || accept_two_words("starts")) {
            return with_value(Op::kStartsWith, label);
        }
        if (accept_word("endswith") || accept_two_words("ends")) {
            return with_value(Op::kEndsWith, label);
        }
        const std::string_view word = peek_word();
        if (!word.empty()) {
            return fail("\"" + std::string(word) +
                        "\" is not an operator; known are ==, !=, in, not in, contains, starts with, ends with, &&, ||");
        }
        const char next = peek();
        if (!at_end() && next != '&' && next != '|' && next != ')') {
            return fail("an operator is needed after the label \"" + label + "\", not " + found());
        }
        return fail_at(start, "the label \"" + label + "\" has no operator; to test whether it exists, write has(" + label + ")");
    }

    // "starts with", "ends with"
    bool accept_two_words(std::string_view first) {
        const std::size_t start = position_;
        if (accept_word(first) && accept_word("with")) {
            return true;
        }
        position_ = start;
        return false;
    }

    std::optional<std::string> parse_value() {
        const char mark = peek();
        if (at_end() || (mark != '"' && mark != '\'')) {
            const std::string_view word = peek_word();
            if (word.empty()) {
                fail("a value in quotes is needed here, not " + found());
            } else {
                fail("the value must be in quotes: write \"" + std::string(word) + "\"");
            }
            return std::nullopt;
        }
        const std::size_t close = text_.find(mark, position_ + 1);
        if (close == std::string_view::npos) {
            fail("the quote that opens here is not closed");
            return std::nullopt;
        }
        std::string value(text_.substr(position_ + 1, close - position_ - 1));
        position_ = close + 1;
        skip_space();
        return value;
    }

    SelectorNodePtr with_value(Op op, const std::string& label) {
        std::optional<std::string> value = parse_value();
        return value ? make(op, label, {std::move(*value)}) : nullptr;
    }

    SelectorNodePtr with_set(Op op, const std::string& label) {
        const std::size_t opened = position_;
        if (!accept("{")) {
            return fail("a set is needed here: {\"a\", \"b\"}");
        }
        std::vector<std::string> values;
        while (!accept("}")) {
            if (at_end()) {
                return fail_at(opened, "'{' without its '}'");
            }
            std::optional<std::string> value = parse_value();
            if (!value) {
                return nullptr;
            }
            values.push_back(std::move(*value));
            if (!accept(",") && peek() != '}') {
                return at_end() ? fail_at(opened, "'{' without its '}'") : fail("',' or '}' is needed here, not " + found());
            }
        }
        std::sort(values.begin(), values.end());
        values.erase(std::unique(values.begin(), values.end()), values.end());
        return make(op, label, std::move(values));
    }

    std::string_view text_;
    std::size_t position_ = 0;
    int depth_ = 0;
    std::optional<SelectorError> error_;
};

}  // namespace

std::variant<SelectorNodePtr, SelectorError> parse_selector(std::string_view text) { return Parser(text).run(); }

}  // namespace namegate::policy

// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/json_reader.h"

#include "policy/documents/tree_builder.h"

namespace namegate::policy {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, std::uint32_t code) {
    const auto byte = [&](std::uint32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xc0 | (code >> 6));
        byte(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        byte(0xe0 | (code >> 12));
        byte(0x80 | ((code >> 6) & 0x3f));
        byte(0x80 | (code & 0x3f));
    } else {
        byte(0xf0 | (code >> 18));
        byte(0x80 | ((code >> 12) & 0x3f));
        byte(0x80 | ((code >> 6) & 0x3f));
        byte(0x80 | (code & 0x3f));
    }
}

// Recursive descent; the tree builder holds the first error and the depth limit. False: stop.
class Reader {
  public:
    Reader(std::string_view text, TreeBuilder& tree) : text_(text), tree_(tree) {}

    void run() {
        skip_space();
        if (at_end()) {
            return;
        }
        if (value() && !at_end()) {
            fail("the file goes on after its JSON value; one value a file (use kind: List for several resources)");
        }
    }

  private:
    bool at_end() const { return position_ >= text_.size(); }
    char peek() const { return at_end() ? '\0' : text_[position_]; }
    Mark mark() const { return {line_, static_cast<int>(position_ - line_start_) + 1}; }
    void skip_space() {
        while (!at_end() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')) {
            if (text_[position_++] == '\n') {
                ++line_;
                line_start_ = position_;
            }
        }
    }
    bool fail(const std::string& message) {
        tree_.fail(mark(), "not valid JSON: " + message);
        return false;
    }
    bool fail_here(const std::string& needed) {
        const char c = peek();
        if (at_end()) {
            return fail(needed + " is missing at the end of the file");
        }
        if (c == '#' || c == '/') {
            return fail("JSON has no comments");
        }
        if (c == '\'') {
            return fail("text stands in double quotes");
        }
        return fail(needed + " is needed here");
    }

    bool value() {
        const Mark start = mark();
        switch (peek()) {
            case '{': return members(start);
            case '[': return elements(start);
            case '"': {
                std::string out;
                if (!string(out)) {
                    return false;
                }
                tree_.scalar(start, std::move(out), true);
                return finish();
            }
            case 't': return word(start, "true");
            case 'f': return word(start, "false");
            case 'n': return word(start, "null");
            default: return is_digit(peek()) || peek() == '-' ? number(start) : fail_here("a value");
        }
    }

    bool finish() {
        skip_space();
        return !tree_.failed();
    }

    bool word(Mark start, std::string_view text) {
        if (text_.substr(position_, text.size()) != text) {
            return fail_here("a value");
        }
        position_ += text.size();
        if (text == "null") {
            tree_.null(start);
        } else {
            tree_.scalar(start, std::string(text), false);
        }
        return finish();
    }

    bool digits() {
        if (!is_digit(peek())) {
            return fail_here("a digit");
        }
        while (is_digit(peek())) {
            ++position_;
        }
        return true;
    }

    bool number(Mark start) {
        const std::size_t from = position_;
        position_ += peek() == '-' ? 1U : 0U;
        if (peek() == '0' && position_ + 1 < text_.size() && is_digit(text_[position_ + 1])) {
            return fail("a number does not start with 0");
        }
        if (!digits()) {
            return false;
        }
        if (peek() == '.') {
            ++position_;
            if (!digits()) {
                return false;
            }
        }
        if (peek() == 'e' || peek() == 'E') {
            ++position_;
            position_ += peek() == '-' || peek() == '+' ? 1U : 0U;
            if (!digits()) {
                return false;
            }
        }
        tree_.scalar(start, std::string(text_.substr(from, position_ - from)), false);
        return finish();
    }

    bool hex4(std::uint32_t& code) {
        code = 0;
        for (int i = 0; i < 4; ++i, ++position_) {
            const char c = peek();
            const bool low = c >= 'a' && c <= 'f';
            if (!is_digit(c) && !low && !(c >= 'A' && c <= 'F')) {
                return fail("\\u needs four hexadecimal digits");
            }
            code = code * 16 + static_cast<std::uint32_t>(is_digit(c) ? c - '0' : low ? c - 'a' + 10 : c - 'A' + 10);
        }
        return true;
    }

    bool unicode_escape(std::string& out) {
        std::uint32_t code = 0;
        if (!hex4(code)) {
            return false;
        }
        if (code >= 0xd800 && code < 0xdc00) {
            std::uint32_t low = 0;
            if (text_.substr(position_, 2) != "\\u") {
                return fail("half of a surrogate pair");
            }
            position_ += 2;
            if (!hex4(low)) {
                return false;
            }
            if (low < 0xdc00 || low > 0xdfff) {
                return fail("half of a surrogate pair");
            }
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        } else if (code >= 0xdc00 && code < 0xe000) {
            return fail("half of a surrogate pair");
        }
        append_utf8(out, code);
        return true;
    }

    bool escape(std::string& out) {
        constexpr std::string_view kNames = "\"\\/bfnrt";
        constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
        const char c = peek();
        if (c == 'u') {
            ++position_;
            return unicode_escape(out);
        }
        const std::size_t index = at_end() ? std::string_view::npos : kNames.find(c);
        if (index == std::string_view::npos) {
            return fail("an unknown escape");
        }
        out += kValues[index];
        ++position_;
        return true;
    }

    bool string(std::string& out) {
        ++position_;
        while (true) {
            const char c = peek();
            if (at_end() || static_cast<unsigned char>(c) < 0x20) {
                return fail("text that is not closed on its line");
            }
            ++position_;
            if (c == '"') {
                return true;
            }
            if (c != '\\') {
                out += c;
            } else if (!escape(out)) {
                return false;
            }
        }
    }

    // After a member or element: true to go on with another, false at the end (`done`) or on an error.
    bool more(char close, bool& done) {
        if (peek() == close) {
            ++position_;
            done = true;
            return false;
        }
        if (peek() != ',') {
            return fail_here(std::string("',' or '") + close + "'");
        }
        ++position_;
        skip_space();
        return peek() == close ? fail("a comma before the end") : true;
    }

    bool open(Node::Kind kind, Mark start) {
        tree_.begin(kind, start);
        ++position_;
        return finish();
    }

    bool close() {
        tree_.end();
        return finish();
    }

    bool members(Mark start) {
        if (!open(Node::Kind::kMap, start)) {
            return false;
        }
        bool done = peek() == '}';
        if (done) {
            ++position_;
            return close();
        }
        do {
            const Mark key_mark = mark();
            std::string key;
            if (peek() != '"') {
                return fail_here("a field's name in double quotes");
            }
            if (!string(key)) {
                return false;
            }
            tree_.scalar(key_mark, std::move(key), true);
            if (!finish()) {
                return false;
            }
            if (peek() != ':') {
                return fail_here("':'");
            }
            ++position_;
            skip_space();
            if (!value()) {
                return false;
            }
        } while (more('}', done));
        return done && close();
    }

    bool elements(Mark start) {
        if (!open(Node::Kind::kSequence, start)) {
            return false;
        }
        bool done = peek() == ']';
        if (done) {
            ++position_;
            return close();
        }
        do {
            if (!value()) {
                return false;
            }
        } while (more(']', done));
        return done && close();
    }

    std::string_view text_;
    TreeBuilder& tree_;
    std::size_t position_ = 0;
    std::size_t line_start_ = 0;
    int line_ = 1;
};

}  // namespace

ParseOutcome read_json(const std::string& path, std::string_view content) {
    TreeBuilder tree(path);
    Reader(content, tree).run();
    return tree.take();
}

}  // namespace namegate::policy

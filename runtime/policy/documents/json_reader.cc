// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/json_reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "policy/documents/tree_builder.h"

namespace namegate::policy {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kSpace = " \t\n\r";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Iterates over the tokens of a text. The parser must have accepted each token before.
class Tokens {
  public:
    explicit Tokens(std::string_view text) : text_(text) {}

    // Moves to the next token and returns its place. Commas and colons do not count as tokens.
    Mark next() {
        for (; position_ < text_.size() && (kSpace.find(text_[position_]) != std::string_view::npos || separates()); ++position_) {
            if (text_[position_] == '\n') {
                ++line_;
                line_start_ = position_ + 1;
            }
        }
        return {line_, static_cast<int>(position_ - line_start_) + 1};
    }
    void skip(std::size_t bytes) { position_ += bytes; }
    void skip_string() {
        for (++position_; text_[position_] != '"'; ++position_) {
            position_ += text_[position_] == '\\' ? 1U : 0U;
        }
        ++position_;
    }
    // Returns the number as it is written.
    std::string read_number() {
        const std::size_t end = std::min(text_.find_first_not_of("+-.0123456789eE", position_), text_.size());
        std::string number(text_.substr(position_, end - position_));
        position_ = end;
        return number;
    }
    bool at_end() const { return position_ == text_.size(); }

  private:
    bool separates() const { return text_[position_] == ',' || text_[position_] == ':'; }

    std::string_view text_;
    std::size_t position_ = 0;
    std::size_t line_start_ = 0;
    int line_ = 1;
};

Mark mark_at(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, offset);
    const std::size_t line_end = before.rfind('\n');
    const std::size_t line_start = line_end == std::string_view::npos ? 0 : line_end + 1;
    return {static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1, static_cast<int>(before.size() - line_start) + 1};
}

// Returns a message of its own for common mistakes, and the parser's for others.
std::string message_at(std::string_view text, std::size_t offset, std::string_view what) {
    const char c = offset < text.size() ? text[offset] : '\0';
    const std::size_t before = text.substr(0, offset).find_last_not_of(kSpace);
    if ((c == '}' || c == ']') && before != std::string_view::npos && text[before] == ',') {
        return "there is a comma before the closing bracket";
    }
    if (c == '#' || c == '/') {
        return "JSON has no comments";
    }
    if (c == '\'') {
        return "text must be in double quotes";
    }
    if (what.ends_with("expected end of input")) {
        return "the file continues after its JSON value; write one value (kind: List for several resources)";
    }
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while ..."
    for (const std::string_view prefix : {"] ", "parse error", ": "}) {
        const std::size_t at = what.find(prefix);
        if (at == std::string_view::npos) {
            break;
        }
        what.remove_prefix(at + prefix.size());
    }
    return std::string(what);
}

// Handles the parser's events; the interface is that of nlohmann::json_sax. Returning false stops the parser.
class Events {
  public:
    Events(std::string_view text, TreeBuilder& tree) : text_(text), tokens_(text), tree_(tree) {}

    bool null() {
        tree_.null(tokens_.next());
        tokens_.skip(std::string_view("null").size());
        return go_on();
    }
    bool boolean(bool value) {
        const std::string_view word = value ? "true" : "false";
        tree_.scalar(tokens_.next(), std::string(word), false);
        tokens_.skip(word.size());
        return go_on();
    }
    bool number_integer(Json::number_integer_t /*value*/) { return number(); }
    bool number_unsigned(Json::number_unsigned_t /*value*/) { return number(); }
    bool number_float(Json::number_float_t /*value*/, const std::string& /*text*/) { return number(); }
    bool string(std::string& value) {
        tree_.scalar(tokens_.next(), std::move(value), true);
        tokens_.skip_string();
        return go_on();
    }
    bool key(std::string& value) { return string(value); }
    bool binary(Json::binary_t& /*value*/) { return false; }  // JSON text has none
    bool start_object(std::size_t /*unknown*/) { return begin(Node::Kind::kMap); }
    bool start_array(std::size_t /*unknown*/) { return begin(Node::Kind::kSequence); }
    bool end_object() { return end(); }
    bool end_array() { return end(); }

    // `position` is the 1-based position of the last byte read; `token` is the last token if it is text or a number.
    bool parse_error(std::size_t position, const std::string& token, const Json::exception& error) {
        const std::string_view what = error.what();
        const auto is_unexpected = [&what](const char* name) {
            return what.find(std::string(" - unexpected ") + name) != std::string_view::npos;
        };
        std::size_t back = 1;
        if (is_unexpected("string literal") || is_unexpected("number literal")) {
            back = token.size();
        } else if (is_unexpected("true literal") || is_unexpected("null literal")) {
            back = std::string_view("true").size();
        } else if (is_unexpected("false literal")) {
            back = std::string_view("false").size();
        }
        const std::size_t offset = std::min(position - std::min(position, back), text_.size());
        tree_.fail(mark_at(text_, offset), "not valid JSON: " + message_at(text_, offset, what));
        return false;
    }
    // Checks that the whole text was parsed: the parser stops at a NUL byte.
    void finish() {
        const Mark mark = tokens_.next();
        if (!tree_.failed() && !tokens_.at_end()) {
            tree_.fail(mark, "not valid JSON: the file continues after its JSON value");
        }
    }

  private:
    bool go_on() const { return !tree_.failed(); }
    bool number() {
        const Mark mark = tokens_.next();
        tree_.scalar(mark, tokens_.read_number(), false);
        return go_on();
    }
    bool begin(Node::Kind kind) {
        tree_.begin(kind, tokens_.next());
        tokens_.skip(1);
        return go_on();
    }
    bool end() {
        tokens_.next();
        tokens_.skip(1);
        tree_.end();
        return go_on();
    }

    std::string_view text_;
    Tokens tokens_;
    TreeBuilder& tree_;
};

}  // namespace

ParseOutcome read_json(const std::string& path, std::string_view content) {
    TreeBuilder tree(path);
    if (content.starts_with(kByteOrderMark)) {  // the parser would skip it
        tree.fail({1, 1}, "not valid JSON: the file starts with a byte order mark");
    } else if (content.find_first_not_of(kSpace) != std::string_view::npos) {
        Events events(content, tree);
        if (Json::sax_parse(content.begin(), content.end(), &events)) {
            events.finish();
        }
    }
    return tree.take();
}

}  // namespace namegate::policy

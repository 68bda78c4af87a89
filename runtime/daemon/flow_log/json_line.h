// SPDX-License-Identifier: Apache-2.0
//
// Writes one JSON object as one line, without building a tree of it first. Keys are constants and need no escape; values are
// untrusted text. A value that appends to a text of the caller; pure.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/printable.h"

namespace namegate::daemon {

class JsonLine {
  public:
    explicit JsonLine(std::string& out) : out_(out) { out_ += '{'; }

    void open(std::string_view key) {
        add_key(key);
        out_ += '{';
        first_ = true;
    }
    void close() {
        out_ += '}';
        first_ = false;
    }
    void text(std::string_view key, std::string_view value) {
        add_key(key);
        append_json_string(out_, value);
    }
    void number(std::string_view key, std::uint64_t value) {
        std::array<char, 20> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        raw(key, {digits.data(), static_cast<std::size_t>(end - digits.data())});
    }
    // The value is JSON already.
    void raw(std::string_view key, std::string_view json) {
        add_key(key);
        out_ += json;
    }
    // Whole members: "key":value,"key":value. Empty: none.
    void members(std::string_view json) {
        if (!json.empty()) {
            add_comma();
            out_ += json;
        }
    }
    // The first `limit` of them.
    template <typename List, typename TextOf>
    void texts(std::string_view key, const List& values, std::size_t limit, const TextOf& text_of) {
        add_key(key);
        out_ += '[';
        std::size_t count = 0;
        for (const auto& value : values) {
            if (count == limit) {
                break;
            }
            out_ += count++ == 0 ? "" : ",";
            append_json_string(out_, text_of(value));
        }
        out_ += ']';
    }
    void finish() { out_ += "}\n"; }

  private:
    void add_comma() {
        if (!first_) {
            out_ += ',';
        }
        first_ = false;
    }
    void add_key(std::string_view key) {
        add_comma();
        out_ += '"';
        out_ += key;
        out_ += "\":";
    }

    std::string& out_;
    bool first_ = true;
};

}  // namespace namegate::daemon

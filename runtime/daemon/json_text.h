// SPDX-License-Identifier: Apache-2.0
//
// JSON written as text, piece by piece, for lines of the flow log and lists of thousands of objects: a tree of values first (api::Json)
// takes 30 times as long, and the event loop waits meanwhile. The caller opens and closes objects and lists; text is untrusted and is
// escaped here; names are constants of the program, which need no escape. Owns the text, or appends to one of the caller. One thread;
// cannot fail.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace namegate::daemon {

class JsonText {
  public:
    JsonText() : out_(own_) {}
    // Appends to `out`, which outlives this object and is empty or ends behind a line.
    explicit JsonText(std::string& out) : out_(out) {}
    ~JsonText() = default;
    JsonText(const JsonText&) = delete;
    JsonText& operator=(const JsonText&) = delete;
    JsonText(JsonText&&) = delete;
    JsonText& operator=(JsonText&&) = delete;

    JsonText& open_object() { return open('{'); }
    JsonText& close_object() { return close('}'); }
    JsonText& open_list(std::string_view name) {
        write_name(name);
        return open('[');
    }
    JsonText& close_list() { return close(']'); }
    JsonText& open_object(std::string_view name) {
        write_name(name);
        return open('{');
    }
    void end_line() { out_ += '\n'; }

    JsonText& field(std::string_view name, std::string_view text);
    JsonText& field(std::string_view name, const char* text) { return field(name, std::string_view(text)); }
    JsonText& field(std::string_view name, std::same_as<bool> auto value) {
        return raw(name, value ? std::string_view("true") : std::string_view("false"));
    }
    template <std::unsigned_integral Number>
    requires(!std::same_as<Number, bool>) JsonText& field(std::string_view name, Number number) {
        write_name(name);
        write_number(number);
        return *this;
    }
    JsonText& field(std::string_view name, const std::vector<std::string>& texts);
    // A list of the first `limit` values, each as `text_of(value)`.
    template <typename List, typename TextOf>
    JsonText& list(std::string_view name, const List& values, std::size_t limit, const TextOf& text_of) {
        open_list(name);
        for (const auto& value : values) {
            if (limit-- == 0) {
                break;
            }
            entry(text_of(value));
        }
        return close_list();
    }
    // Entries of a list.
    JsonText& entry(std::string_view text);
    JsonText& entry(std::uint64_t number);
    // Text that is JSON already: entries or whole fields, with commas between them (empty: none), or the value of a field.
    JsonText& raw(std::string_view json);
    JsonText& raw(std::string_view name, std::string_view json);

    const std::string& text() const { return out_; }
    std::string take() { return std::move(out_); }

  private:
    JsonText& open(char bracket);
    JsonText& close(char bracket);
    void separate();
    void write_name(std::string_view name);
    void write_number(std::uint64_t number);

    std::string own_;
    std::string& out_;
};

}  // namespace namegate::daemon

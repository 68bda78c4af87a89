// SPDX-License-Identifier: Apache-2.0
//
// JSON written as text, piece by piece, for lists of thousands of objects: a tree of values first (api::Json) takes 30 times as long,
// and the event loop waits meanwhile. The caller opens and closes objects and lists; text is escaped here. A value; cannot fail.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace namegate::daemon {

class JsonText {
  public:
    // The name of a field is a constant of the program, which needs no escape.
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

    JsonText& field(std::string_view name, std::string_view text);
    JsonText& field(std::string_view name, const char* text) { return field(name, std::string_view(text)); }
    JsonText& field(std::string_view name, std::uint64_t number);
    JsonText& field(std::string_view name, bool value);
    JsonText& field(std::string_view name, const std::vector<std::string>& texts);
    // Entries of a list.
    JsonText& entry(std::string_view text);
    JsonText& entry(std::uint64_t number);
    // Text that is JSON already, as an entry or after name().
    JsonText& raw(std::string_view json);
    JsonText& raw(std::string_view name, std::string_view json);

    const std::string& text() const { return text_; }
    std::string take() { return std::move(text_); }

  private:
    JsonText& open(char bracket);
    JsonText& close(char bracket);
    void separate();
    void write_name(std::string_view name);
    void write_text(std::string_view text);

    std::string text_;
};

}  // namespace namegate::daemon

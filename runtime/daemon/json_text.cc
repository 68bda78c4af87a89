// SPDX-License-Identifier: Apache-2.0
#include "daemon/json_text.h"

#include <array>
#include <charconv>

#include "base/printable.h"

namespace namegate::daemon {

void JsonText::separate() {
    if (!out_.empty() && out_.back() != '{' && out_.back() != '[' && out_.back() != ':' && out_.back() != '\n') {
        out_ += ',';
    }
}

JsonText& JsonText::open(char bracket) {
    separate();
    out_ += bracket;
    return *this;
}

JsonText& JsonText::close(char bracket) {
    out_ += bracket;
    return *this;
}

void JsonText::write_name(std::string_view name) {
    separate();
    out_ += '"';
    out_ += name;
    out_ += "\":";
}

void JsonText::write_number(std::uint64_t number) {
    std::array<char, 20> digits{};
    out_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

JsonText& JsonText::field(std::string_view name, std::string_view text) {
    write_name(name);
    append_json_string(out_, text);
    return *this;
}

JsonText& JsonText::field(std::string_view name, const std::vector<std::string>& texts) {
    return list(name, texts, texts.size(), [](const std::string& text) -> const std::string& { return text; });
}

JsonText& JsonText::entry(std::string_view text) {
    separate();
    append_json_string(out_, text);
    return *this;
}

JsonText& JsonText::entry(std::uint64_t number) {
    separate();
    write_number(number);
    return *this;
}

JsonText& JsonText::raw(std::string_view json) {
    if (json.empty()) {
        return *this;
    }
    separate();
    out_ += json;
    return *this;
}

JsonText& JsonText::raw(std::string_view name, std::string_view json) {
    write_name(name);
    out_ += json;
    return *this;
}

}  // namespace namegate::daemon

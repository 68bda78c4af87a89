// SPDX-License-Identifier: Apache-2.0
#include "daemon/page/json_text.h"

#include <algorithm>

#include "api/protocol.h"

namespace namegate::daemon {

namespace {

bool is_plain(char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; }

}  // namespace

void JsonText::separate() {
    if (!text_.empty() && text_.back() != '{' && text_.back() != '[' && text_.back() != ':') {
        text_ += ',';
    }
}

JsonText& JsonText::open(char bracket) {
    separate();
    text_ += bracket;
    return *this;
}

JsonText& JsonText::close(char bracket) {
    text_ += bracket;
    return *this;
}

void JsonText::write_name(std::string_view name) {
    separate();
    text_ += '"';
    text_ += name;
    text_ += "\":";
}

// Nearly all text needs no escape. The rest is the library's: not UTF-8 is replaced, everything outside ASCII is escaped.
void JsonText::write_text(std::string_view text) {
    if (std::all_of(text.begin(), text.end(), is_plain)) {
        text_ += '"';
        text_ += text;
        text_ += '"';
    } else {
        text_ += api::Json(text).dump(-1, ' ', true, api::Json::error_handler_t::replace);
    }
}

JsonText& JsonText::field(std::string_view name, std::string_view text) {
    write_name(name);
    write_text(text);
    return *this;
}

JsonText& JsonText::field(std::string_view name, std::uint64_t number) {
    write_name(name);
    text_ += std::to_string(number);
    return *this;
}

JsonText& JsonText::field(std::string_view name, bool value) {
    write_name(name);
    text_ += value ? "true" : "false";
    return *this;
}

JsonText& JsonText::field(std::string_view name, const std::vector<std::string>& texts) {
    open_list(name);
    for (const std::string& text : texts) {
        entry(text);
    }
    return close_list();
}

JsonText& JsonText::entry(std::string_view text) {
    separate();
    write_text(text);
    return *this;
}

JsonText& JsonText::entry(std::uint64_t number) {
    separate();
    text_ += std::to_string(number);
    return *this;
}

JsonText& JsonText::raw(std::string_view json) {
    if (json.empty()) {
        return *this;
    }
    separate();
    text_ += json;
    return *this;
}

JsonText& JsonText::raw(std::string_view name, std::string_view json) {
    write_name(name);
    text_ += json;
    return *this;
}

}  // namespace namegate::daemon

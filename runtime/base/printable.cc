// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace namegate {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";

struct Character {
    std::uint32_t code = 0;
    std::size_t bytes = 0;  // 0: not UTF-8
};

std::uint32_t byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

Character decode(std::string_view text) {
    const std::uint32_t first = byte_at(text, 0);
    if (first < 0x80) {
        return {first, 1};
    }
    const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < bytes) {
        return {};
    }
    std::uint32_t code = first & (0xffU >> (bytes + 1));
    for (std::size_t i = 1; i < bytes; ++i) {
        if ((byte_at(text, i) & 0xc0U) != 0x80) {
            return {};
        }
        code = (code << 6U) | (byte_at(text, i) & 0x3fU);
    }
    constexpr std::array<std::uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
    if (code < kSmallest[bytes] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        return {};
    }
    return {code, bytes};
}

// Calls, in order, `character` with the code and bytes of each character, and `stray` with each byte that is not UTF-8.
template <typename OnCharacter, typename OnStray>
void for_each_character(std::string_view text, const OnCharacter& character, const OnStray& stray) {
    while (!text.empty()) {
        const Character next = decode(text);
        if (next.bytes == 0) {
            stray(byte_at(text, 0));
            text.remove_prefix(1);
        } else {
            character(next.code, text.substr(0, next.bytes));
            text.remove_prefix(next.bytes);
        }
    }
}

// Characters that control the terminal or are invisible: C0, DEL, C1, line separators, zero-width and direction marks,
// tags.
bool needs_escape(std::uint32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c || (code >= 0x200b && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
           (code >= 0xe0000 && code <= 0xe007f);
}

void append_hex(std::string& out, std::uint32_t value, unsigned digits) {
    for (unsigned i = digits; i-- > 0;) {
        out += kHex[(value >> (4 * i)) & 0xfU];
    }
}

void append_escaped(std::string& out, std::uint32_t code) {
    if (code == '\n') {
        out += "\\n";
    } else if (code == '\t') {
        out += "\\t";
    } else if (code == '\r') {
        out += "\\r";
    } else if (code < 0x80) {
        out += "\\x";
        append_hex(out, code, 2);
    } else if (code < 0x10000) {
        out += "\\u";
        append_hex(out, code, 4);
    } else {
        out += "\\U";
        append_hex(out, code, 8);
    }
}

void append_json_unit(std::string& out, std::uint32_t unit) {
    out += "\\u";
    append_hex(out, unit, 4);
}

// As a JSON escape; beyond U+FFFF as a surrogate pair.
void append_json_escaped(std::string& out, std::uint32_t code) {
    if (code < 0x10000) {
        append_json_unit(out, code);
    } else {
        append_json_unit(out, 0xd800 + ((code - 0x10000) >> 10U));
        append_json_unit(out, 0xdc00 + ((code - 0x10000) & 0x3ffU));
    }
}

}  // namespace

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const Character next = decode(text);
        if (next.bytes == 0) {
            return false;
        }
        text.remove_prefix(next.bytes);
    }
    return true;
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    const auto add = [&out](std::uint32_t code, std::string_view as_it_is) {
        if (needs_escape(code)) {
            append_escaped(out, code);
        } else {
            out += as_it_is;
        }
    };
    for_each_character(text, add, [&out](std::uint32_t byte) {
        out += "\\x";
        append_hex(out, byte, 2);
    });
    return out;
}

std::string json_string(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    if (std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; })) {
        out += text;
        out += '"';
        return;
    }
    const auto add = [&out](std::uint32_t code, std::string_view as_it_is) {
        if (needs_escape(code)) {
            append_json_escaped(out, code);
        } else {
            out += code == '"' || code == '\\' ? "\\" : "";
            out += as_it_is;
        }
    };
    for_each_character(text, add, [&out](std::uint32_t byte) {
        out += "\\\\x";
        append_hex(out, byte, 2);
    });
    out += '"';
}

}  // namespace namegate

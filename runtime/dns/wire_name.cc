// SPDX-License-Identifier: Apache-2.0
#include "dns/wire_name.h"

namespace namegate::dns {
namespace {

constexpr std::size_t kDecimalEscapeDigits = 3;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

void append_byte(std::string& text, char c) {
    c = lower(c);
    if (c > ' ' && c <= '~' && c != '.' && c != '\\') {
        text += c;
        return;
    }
    const unsigned value = static_cast<unsigned char>(c);
    text += '\\';
    text += static_cast<char>('0' + value / 100);
    text += static_cast<char>('0' + value / 10 % 10);
    text += static_cast<char>('0' + value % 10);
}

Error malformed(std::string_view text, const std::string& why) {
    return {Code::kInvalidInput, "domain name \"" + std::string(text) + "\": " + why};
}

// Removes the escape at the front of `rest` and returns its byte.
Result<char> read_escape(std::string_view& rest, std::string_view whole) {
    if (rest.size() < 2) {
        return malformed(whole, "it ends with a backslash");
    }
    if (!is_digit(rest[1])) {
        const char c = rest[1];
        rest.remove_prefix(2);
        return c;
    }
    unsigned value = 0;
    for (std::size_t i = 1; i <= kDecimalEscapeDigits; ++i) {
        if (i >= rest.size() || !is_digit(rest[i])) {
            return malformed(whole, "a decimal escape must have three digits, as in \\046");
        }
        value = value * 10 + static_cast<unsigned>(rest[i] - '0');
    }
    if (value > 255) {
        return malformed(whole, "a decimal escape must be at most \\255");
    }
    rest.remove_prefix(1 + kDecimalEscapeDigits);
    return static_cast<char>(value);
}

}  // namespace

Result<std::string> wire_to_text(std::string_view wire) {
    if (wire.size() > kMaxNameBytes) {
        return Error(Code::kExhausted, "a domain name on the wire is longer than " + std::to_string(kMaxNameBytes) + " bytes");
    }
    std::string text;
    std::size_t at = 0;
    while (at < wire.size()) {
        const std::size_t length = static_cast<unsigned char>(wire[at]);
        ++at;
        if (length == 0) {
            if (at != wire.size()) {
                return Error(Code::kInvalidInput, "a domain name on the wire continues after its root label");
            }
            return text;
        }
        if (length > kMaxLabelBytes || length > wire.size() - at) {
            return Error(Code::kInvalidInput, "a label of a domain name on the wire is longer than its limit or the name");
        }
        if (!text.empty()) {
            text += '.';
        }
        for (const char c : wire.substr(at, length)) {
            append_byte(text, c);
        }
        at += length;
    }
    return Error(Code::kInvalidInput, "a domain name on the wire has no root label");
}

Result<std::string> text_to_wire(std::string_view text) {
    std::string wire;
    std::string label;
    const auto finish_label = [&]() -> Result<> {
        if (label.empty()) {
            return malformed(text, "it has an empty label");
        }
        if (label.size() > kMaxLabelBytes) {
            return Error(Code::kExhausted, "domain name \"" + std::string(text) + "\": a label is longer than 63 bytes");
        }
        wire += static_cast<char>(label.size());
        wire += label;
        label.clear();
        return ok();
    };
    if (text == "." || text.empty()) {
        return std::string(1, '\0');
    }
    for (std::string_view rest = text; !rest.empty();) {
        if (rest.front() == '.') {
            NG_TRY(finish_label());
            rest.remove_prefix(1);
        } else if (rest.front() == '\\') {
            NG_ASSIGN(const char c, read_escape(rest, text));
            label += lower(c);
        } else {
            label += lower(rest.front());
            rest.remove_prefix(1);
        }
    }
    if (!label.empty()) {
        NG_TRY(finish_label());
    }
    wire += '\0';
    if (wire.size() > kMaxNameBytes) {
        return Error(Code::kExhausted, "domain name \"" + std::string(text) + "\" is longer than 253 bytes");
    }
    return wire;
}

Result<std::vector<std::string>> wire_labels(std::string_view text) {
    NG_ASSIGN(const std::string wire, text_to_wire(text));
    std::vector<std::string> labels;
    for (std::size_t at = 0; at < wire.size() && wire[at] != 0;) {
        const std::size_t length = static_cast<unsigned char>(wire[at]);
        labels.push_back(wire.substr(at + 1, length));
        at += 1 + length;
    }
    return labels;
}

std::vector<std::string_view> text_labels(std::string_view text) {
    std::vector<std::string_view> labels;
    while (!text.empty()) {
        const std::size_t dot = text.find('.');
        labels.push_back(text.substr(0, dot));
        text.remove_prefix(dot == std::string_view::npos ? text.size() : dot + 1);
    }
    return labels;
}

}  // namespace namegate::dns

// SPDX-License-Identifier: Apache-2.0
#include "man/roff.h"

#include <algorithm>
#include <cctype>
#include <sstream>

namespace namegate::man {

namespace {

// Without meaning for roff: "-" stays the character that a shell needs.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\') {
            out += "\\e";
        } else if (c == '-') {
            out += "\\-";
        } else {
            out += c;
        }
    }
    return out;
}

// A line that begins with a dot or a quote would be a request.
std::string as_line(const std::string& text) { return text.starts_with('.') || text.starts_with('\'') ? "\\&" + text : text; }

// The part up to `end`, and moves `text` behind it. Empty: there is no `end`.
std::string_view take_until(std::string_view& text, std::string_view end) {
    const std::size_t at = text.find(end);
    if (at == std::string_view::npos) {
        return {};
    }
    const std::string_view taken = text.substr(0, at);
    text.remove_prefix(at + end.size());
    return taken;
}

std::string with_marks(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t mark = std::min({text.find('`'), text.find("**"), text.find('[')});
        out += escaped(text.substr(0, mark));
        if (mark == std::string_view::npos) {
            break;
        }
        const std::string_view opening = text.substr(mark, text[mark] == '*' ? 2 : 1);
        std::string_view rest = text.substr(mark + opening.size());
        if (opening != "[") {
            const std::string_view inside = take_until(rest, opening);
            out += inside.empty() ? escaped(opening) : "\\fB" + escaped(inside) + "\\fR";
        } else if (const std::string_view inside = take_until(rest, "]("); !inside.empty()) {
            take_until(rest, ")");
            out += with_marks(inside);
        } else {
            out += "[";
        }
        text = rest;
    }
    return out;
}

}  // namespace

Roff::Roff(const Title& title) {
    std::string upper;
    for (const char c : title.name) {
        upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    text_ = ".TH " + escaped(upper) + " " + title.section + " " + title.date + " \"namegate " NAMEGATE_VERSION "\"\n";
    section("NAME");
    text_ += escaped(title.name) + " \\- " + escaped(title.summary) + "\n";
    after_heading_ = false;
}

void Roff::section(std::string_view heading) {
    text_ += ".SH " + escaped(heading) + "\n";
    after_heading_ = true;
}

void Roff::subsection(std::string_view heading) {
    text_ += ".SS " + escaped(heading) + "\n";
    after_heading_ = true;
}

void Roff::begin_paragraph() {
    text_ += after_heading_ ? "" : ".PP\n";
    after_heading_ = false;
}

void Roff::paragraph(std::string_view text) {
    begin_paragraph();
    text_ += as_line(with_marks(text)) + "\n";
}

void Roff::item(std::string_view term, std::string_view text) {
    after_heading_ = false;
    text_ += ".TP\n\\fB" + escaped(term) + "\\fR\n" + as_line(with_marks(text)) + "\n";
}

void Roff::literal(std::string_view lines) {
    begin_paragraph();
    text_ += ".RS 4\n.nf\n";
    std::istringstream in{std::string(lines)};
    for (std::string line; std::getline(in, line);) {
        text_ += as_line(escaped(line)) + "\n";
    }
    text_ += ".fi\n.RE\n";
}

void Roff::help_text(std::string_view text) {
    constexpr std::size_t kIndent = 4;
    std::istringstream in{std::string(text)};
    std::string paragraph_text;
    std::string literal_text;
    const auto flush = [&] {
        if (!paragraph_text.empty()) {
            paragraph(paragraph_text);
        }
        if (!literal_text.empty()) {
            literal(literal_text);
        }
        paragraph_text.clear();
        literal_text.clear();
    };
    for (std::string line; std::getline(in, line);) {
        const std::size_t begin = line.find_first_not_of(' ');
        const bool is_literal = begin != std::string::npos && begin > kIndent;
        if (begin == std::string::npos || is_literal != !literal_text.empty()) {
            flush();
        }
        if (is_literal) {
            literal_text += line.substr(kIndent) + "\n";
        } else if (begin != std::string::npos) {
            paragraph_text += (paragraph_text.empty() ? "" : " ") + line.substr(begin);
        }
    }
    flush();
}

}  // namespace namegate::man

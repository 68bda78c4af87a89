// SPDX-License-Identifier: Apache-2.0
//
// Writes a manual page in the language of man(7). A value; one thread; cannot fail.
#pragma once

#include <string>
#include <string_view>

namespace namegate::man {

struct Title {
    std::string name;
    char section = '1';
    std::string date;  // as 2026-01-31
    std::string summary;
};

class Roff {
  public:
    // Also writes the section NAME.
    explicit Roff(const Title& title);

    void section(std::string_view heading);
    void subsection(std::string_view heading);
    // Text in one paragraph, in which `code` and **words** are bold and of [text](link) the text stays.
    void paragraph(std::string_view text);
    // A term in bold, and its description below it.
    void item(std::string_view term, std::string_view text);
    // Lines as they are.
    void literal(std::string_view lines);
    // A text of a help page: paragraphs that are indented by four spaces; lines that are indented more are literal.
    void help_text(std::string_view text);

    const std::string& text() const { return text_; }

  private:
    void begin_paragraph();

    std::string text_;
    bool after_heading_ = false;  // where a paragraph begins by itself
};

}  // namespace namegate::man

// SPDX-License-Identifier: Apache-2.0
#include "man/markdown.h"

#include <algorithm>
#include <sstream>

namespace namegate::man {

namespace {

std::string trimmed(const std::string& text) {
    const std::size_t begin = text.find_first_not_of(' ');
    return begin == std::string::npos ? std::string() : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// "| a | b |"
TableRow cells_of(const std::string& line) {
    TableRow out;
    std::string cell;
    for (std::size_t i = 1; i < line.size(); ++i) {
        if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
            cell += line[++i];
        } else if (line[i] == '|') {
            out.push_back(trimmed(cell));
            cell.clear();
        } else {
            cell += line[i];
        }
    }
    return out;
}

bool is_rule(const std::string& line) { return line.starts_with("|--") || line.starts_with("| --"); }

std::string without_backquotes(std::string text) {
    text.erase(std::remove(text.begin(), text.end(), '`'), text.end());
    return text;
}

// Collects the lines of a paragraph or a block of code until they are complete.
class Writer {
  public:
    explicit Writer(Roff& out) : out_(out) {}
    ~Writer() { end_paragraph(); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    Writer(Writer&&) = delete;
    Writer& operator=(Writer&&) = delete;

    void add(const std::string& line) {
        if (line.starts_with("```")) {
            end_paragraph();
            if (in_code_) {
                out_.literal(code_);
            }
            in_code_ = !in_code_;
            code_.clear();
        } else if (in_code_) {
            code_ += line + "\n";
        } else if (line.starts_with("|")) {
            end_paragraph();
            add_row(line);
        } else if (line.starts_with("### ")) {
            end_paragraph();
            out_.subsection(line.substr(4));
        } else if (line.empty()) {
            end_paragraph();
        } else {
            paragraph_ += (paragraph_.empty() ? "" : " ") + line;
        }
    }

  private:
    void add_row(const std::string& line) {
        if (is_rule(line)) {
            in_table_ = true;
        } else if (in_table_) {
            const TableRow cells = cells_of(line);
            // Two more cells are a default and a meaning.
            const std::string text = cells.size() == 3 ? cells[2] + ". Default: " + cells[1] : cells.size() == 2 ? cells[1] : "";
            out_.item(cells.empty() ? "" : without_backquotes(cells.front()), text);
        }
    }
    void end_paragraph() {
        in_table_ = in_table_ && paragraph_.empty();
        if (!paragraph_.empty()) {
            out_.paragraph(paragraph_);
        }
        paragraph_.clear();
    }

    Roff& out_;
    std::string paragraph_;
    std::string code_;
    bool in_code_ = false;
    bool in_table_ = false;  // behind the line below the headings
};

}  // namespace

std::string_view section_of(std::string_view markdown, std::string_view title) {
    const std::string heading = "## " + std::string(title) + "\n";
    std::size_t begin = markdown.starts_with(heading) ? 0 : markdown.find("\n" + heading);
    if (begin == std::string_view::npos) {
        return {};
    }
    begin = markdown.find("## ", begin) + heading.size();
    return markdown.substr(begin, markdown.find("\n## ", begin) - begin);
}

std::vector<TableRow> table_rows(std::string_view markdown) {
    std::vector<TableRow> out;
    std::istringstream in{std::string(markdown)};
    bool in_table = false;
    for (std::string line; std::getline(in, line);) {
        in_table = line.starts_with("|") && (in_table || is_rule(line));
        if (in_table && !is_rule(line)) {
            out.push_back(cells_of(line));
        }
    }
    return out;
}

void add_markdown(Roff& out, std::string_view markdown) {
    Writer writer(out);
    std::istringstream in{std::string(markdown)};
    for (std::string line; std::getline(in, line);) {
        writer.add(line);
    }
}

}  // namespace namegate::man

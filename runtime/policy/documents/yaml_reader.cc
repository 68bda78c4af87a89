// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <exception>
#include <sstream>
#include <vector>

#include "policy/documents/tree_builder.h"

namespace namegate::policy {
namespace {

constexpr const char* kTabMessage = "a tab indents this line; YAML is indented with spaces: replace the tab";

std::vector<std::string_view> split_lines(std::string_view content) {
    std::vector<std::string_view> lines;
    while (!content.empty()) {
        const std::size_t end = content.find('\n');
        lines.push_back(content.substr(0, end));
        content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
    }
    return lines;
}

// Returns the 1-based column of a tab in the line's indentation, which includes list dashes; 0: none.
int indenting_tab(std::string_view line) {
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\t') {
            return static_cast<int>(i) + 1;
        }
        const bool dash = line[i] == '-' && i + 1 < line.size() && (line[i + 1] == ' ' || line[i + 1] == '\t');
        if (line[i] != ' ' && !dash) {
            return 0;
        }
    }
    return 0;
}

Mark to_mark(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

class Handler final : public YAML::EventHandler {
  public:
    Handler(TreeBuilder& tree, const std::vector<std::string_view>& lines) : tree_(tree), lines_(lines) {}

    // For some invalid texts the parser reports an infinite series of empty documents at the same position.
    void OnDocumentStart(const YAML::Mark& mark) override {
        if (mark.pos == document_at_) {
            tree_.fail(to_mark(mark), "not valid YAML: this cannot be parsed");
        }
        document_at_ = mark.pos;
    }
    void OnDocumentEnd() override { tree_.end_document(); }
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { tree_.null(to_mark(mark), anchor); }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override { tree_.alias(to_mark(mark), anchor); }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
        refuse_tab(mark);
        const bool plain = tag.empty() || tag == "?";
        if (!plain && tag != "!" && tag != "tag:yaml.org,2002:str") {
            tree_.fail(to_mark(mark), "the tag \"" + tag + "\" is not supported; leave it out");
        }
        tree_.scalar(to_mark(mark), value, !plain, anchor);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value style) override {
        begin(Node::Kind::kSequence, mark, tag, anchor, style);
    }
    void OnSequenceEnd() override { end(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value style) override {
        begin(Node::Kind::kMap, mark, tag, anchor, style);
    }
    void OnMapEnd() override { end(); }

  private:
    void begin(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value style) {
        refuse_tab(mark);
        if (!tag.empty() && tag != "?" && tag != "!") {
            tree_.fail(to_mark(mark), "the tag \"" + tag + "\" is not supported; leave it out");
        }
        flow_.push_back(style == YAML::EmitterStyle::Flow || (!flow_.empty() && flow_.back()));
        tree_.begin(kind, to_mark(mark), anchor);
    }
    void end() {
        flow_.pop_back();
        tree_.end();
    }
    // The parser accepts some tabs as indentation. Inside [] and {} tabs are only white space.
    void refuse_tab(const YAML::Mark& mark) {
        const auto line = static_cast<std::size_t>(mark.line);
        if ((!flow_.empty() && flow_.back()) || line >= lines_.size()) {
            return;
        }
        const int column = indenting_tab(lines_[line].substr(0, static_cast<std::size_t>(mark.column)));
        if (column != 0) {
            tree_.fail({mark.line + 1, column}, kTabMessage);
        }
    }

    TreeBuilder& tree_;
    const std::vector<std::string_view>& lines_;
    std::vector<bool> flow_;
    int document_at_ = -1;  // where the last document began
};

bool names_direction(std::string_view line) {
    const std::size_t start = line.find_first_not_of(" -");
    if (start == std::string_view::npos || line.find('-') > start) {
        return false;
    }
    line.remove_prefix(start);
    line = line.substr(0, line.find_last_not_of(" \r") + 1);
    return line == "Egress" || line == "Ingress";
}

// Reports common mistakes with messages that are more helpful than the parser's.
void explain(TreeBuilder& tree, const std::vector<std::string_view>& lines, const YAML::Mark& mark, const std::string& message) {
    const auto at = static_cast<std::size_t>(mark.line < 0 ? 0 : mark.line);
    for (std::size_t i = 0; i < lines.size() && i <= at; ++i) {
        if (const int column = indenting_tab(lines[i]); column != 0) {
            tree.fail({static_cast<int>(i) + 1, column}, kTabMessage);
            return;
        }
    }
    for (std::size_t i = at < 1 ? 0 : at - 1; i < lines.size() && i <= at; ++i) {
        if (names_direction(lines[i])) {
            const auto column = static_cast<int>(lines[i].find('-')) + 1;
            tree.fail({static_cast<int>(i) + 1, column}, "a direction is not in a list of types; is the line \"types:\" missing above it?");
            return;
        }
    }
    tree.fail(to_mark(mark), "not valid YAML: " + message);
}

// Limits the memory of the parser, which allocates a few hundred bytes for each open bracket before it reports an event.
// Counts brackets in quotes and comments too; no real file has that many.
bool check_brackets(TreeBuilder& tree, const std::vector<std::string_view>& lines) {
    constexpr int kMaxOpenBrackets = 10'000;
    int open = 0;
    for (std::size_t line = 0; line < lines.size(); ++line) {
        for (std::size_t i = 0; i < lines[line].size(); ++i) {
            const char c = lines[line][i];
            const bool closes = (c == ']' || c == '}') && open > 0;
            open += c == '[' || c == '{' ? 1 : closes ? -1 : 0;
            if (open > kMaxOpenBrackets) {
                tree.fail({static_cast<int>(line) + 1, static_cast<int>(i) + 1},
                          "more than " + std::to_string(kMaxOpenBrackets) + " brackets are open here");
                return false;
            }
        }
    }
    return true;
}

}  // namespace

ParseOutcome read_yaml(const std::string& path, std::string_view content) {
    TreeBuilder tree(path);
    const std::vector<std::string_view> lines = split_lines(content);
    if (!check_brackets(tree, lines)) {
        return tree.take();
    }
    Handler handler(tree, lines);
    try {
        std::istringstream in{std::string(content)};
        YAML::Parser parser(in);
        while (!tree.failed() && parser.HandleNextDocument(handler)) {
        }
    } catch (const YAML::Exception& error) {
        explain(tree, lines, error.mark, error.msg);
    } catch (const std::exception& error) {
        tree.fail({}, std::string("not valid YAML: ") + error.what());
    }
    return tree.take();
}

}  // namespace namegate::policy

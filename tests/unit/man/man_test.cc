// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "base/file.h"
#include "config/config.h"
#include "ctl/command_line.h"
#include "daemon/command_line.h"
#include "man/markdown.h"
#include "man/pages.h"
#include "man/roff.h"

using namespace namegate;
using namespace namegate::man;
using Catch::Contains;

namespace {

constexpr const char* kDate = "2026-01-31";

// "--all-labels" as roff has it.
std::string in_roff(const std::string& option) {
    std::string out;
    for (const char c : option) {
        out += c == '-' ? "\\-" : std::string(1, c);
    }
    return out;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    REQUIRE(text.find(from) != std::string::npos);
    return text.replace(text.find(from), from.size(), to);
}

std::string markdown() { return read_file(NAMEGATE_CONFIGURATION, 1024 * 1024).value(); }

}  // namespace

TEST_CASE("no text is a request, an escape or a hyphen for roff") {
    Roff out({"a-b", '1', kDate, "says \\ and -"});
    CHECK(out.text() == ".TH A\\-B 1 2026-01-31 \"namegate " NAMEGATE_VERSION
                        "\"\n"
                        ".SH NAME\n"
                        "a\\-b \\- says \\e and \\-\n");
    const std::size_t begin = out.text().size();
    out.section("X");
    out.paragraph(".text with `--code` and **bold** and [a link](there.md), [OPTION...]");
    out.paragraph("'second, with an odd `mark");
    out.item("-x", "one");
    out.literal(".SH\n  two\n");
    CHECK(out.text().substr(begin) ==
          ".SH X\n"
          "\\&.text with \\fB\\-\\-code\\fR and \\fBbold\\fR and a link, [OPTION...]\n"
          ".PP\n\\&'second, with an odd `mark\n"
          ".TP\n\\fB\\-x\\fR\none\n"
          ".PP\n.RS 4\n.nf\n\\&.SH\n  two\n.fi\n.RE\n");
}

TEST_CASE("a help page's text: paragraphs, and lines that are indented more") {
    Roff out({"x", '1', kDate, "y"});
    const std::size_t begin = out.text().size();
    out.subsection("s");
    out.help_text("    One\n    paragraph:\n        a line\n    and more.\n\n    Two.\n");
    CHECK(out.text().substr(begin) == ".SS s\nOne paragraph:\n.PP\n.RS 4\n.nf\n    a line\n.fi\n.RE\n.PP\nand more.\n.PP\nTwo.\n");
}

TEST_CASE("markdown: sections, tables, code") {
    const std::string text = "# T\n\n## A\n\none\ntwo\n\n| k | v |\n|---|---|\n| `a` | 1 \\| 2 |\n\n```\ncode\n```\n### C\nx\n\n## B\ny\n";
    CHECK(section_of(text, "B") == "y\n");
    CHECK(section_of(text, "C").empty());
    CHECK(table_rows(section_of(text, "A")) == std::vector<TableRow>{{"`a`", "1 | 2"}});
    Roff out({"x", '1', kDate, "y"});
    const std::size_t begin = out.text().size();
    add_markdown(out, section_of(text, "A"));
    CHECK(out.text().substr(begin) ==
          ".PP\none two\n"
          ".TP\n\\fBa\\fR\n1 | 2\n"
          ".PP\n.RS 4\n.nf\ncode\n.fi\n.RE\n"
          ".SS C\nx\n");
}

TEST_CASE("the pages of the programs have every command and every option") {
    ctl::with_command_line([](const CLI::App& program) {
        const std::string page = namegatectl_page(program, kDate);
        CHECK_THAT(page, Catch::StartsWith(".TH NAMEGATECTL 1 2026-01-31 "));
        for (const CLI::App* command : program.get_subcommands({})) {
            INFO(command->get_name());
            CHECK_THAT(page, Contains("\n.SS " + in_roff(command->get_name())));
            for (const CLI::App* app : {&program, command}) {
                for (const CLI::Option* option : app->get_options([](const CLI::Option* each) { return each->nonpositional(); })) {
                    CHECK_THAT(page, Contains(in_roff("--" + option->get_lnames().front())));
                }
            }
        }
    });
    daemon::CommandLine line;
    const std::string page = namegated_page(line.app(), kDate);
    CHECK_THAT(page, Catch::StartsWith(".TH NAMEGATED 8 ") && Contains("\nnamegated \\- enforces network policies"));
    for (const char* option : {"--config FILE", "--help", "--version", "SIGHUP"}) {
        CHECK_THAT(page, Contains(in_roff(option)));
    }
}

TEST_CASE("the page of namegate.yaml has every setting, and no other") {
    const auto page = settings_page(markdown(), kDate);
    REQUIRE(page);
    for (const policy::FieldSpec& field : config::settings_table().fields) {
        CHECK_THAT(*page, Contains("\n\\fB" + std::string(field.name)));
    }
    CHECK_THAT(*page, Contains("\n\\fBlimits.flowsPerEndpoint\\fR\n") && Contains("Default: 8192\n") && Contains("\n.SH POD LABELS\n"));

    const auto missing = settings_page(replaced(markdown(), "| `nodeName` |", "| nodeName |"), kDate);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().message() == "the table of settings does not describe nodeName");
    const auto unknown = settings_page(replaced(markdown(), "| `log.level`, ", "| `log.colour`, `log.level`, "), kDate);
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().message() == "there is no setting log.colour");
}

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ctl/help.h"
#include "ctl/pages.h"
#include "man/pages.h"
#include "man/roff.h"

namespace namegate::man {

namespace {

// "one line\nof a help page"
std::string on_one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

void add_options(Roff& out, const CLI::App& app) {
    for (const CLI::Option* option : app.get_options([](const CLI::Option* each) { return each->nonpositional(); })) {
        if (app.get_parent() != nullptr && option == app.get_help_ptr()) {
            continue;  // the program's page has it
        }
        std::string names = option->get_name(false, true);
        for (std::size_t at = names.find(','); at != std::string::npos; at = names.find(',', at + 2)) {
            names.insert(at + 1, " ");
        }
        const std::string value = option->get_option_text().empty() ? option->get_type_name() : option->get_option_text();
        out.item(names + (value.empty() ? "" : " " + value), on_one_line(option->get_description()));
    }
}

void add_command(Roff& out, const CLI::App& command, const ctl::Page& page) {
    const std::string synopsis = ctl::synopsis_of(command);
    out.subsection(synopsis.substr(synopsis.find("] ") + 2));
    out.help_text(page.description);
    for (const CLI::Option* operand : command.get_options([](const CLI::Option* each) { return each->get_positional(); })) {
        out.item(operand->get_name(true), on_one_line(operand->get_description()));
    }
    add_options(out, command);
    out.paragraph("Exit status:");
    out.literal(page.exit_codes);
    out.paragraph(std::count(page.examples.begin(), page.examples.end(), '\n') > 1 ? "Examples:" : "Example:");
    out.literal(page.examples);
}

}  // namespace

std::string namegatectl_page(const CLI::App& program, const std::string& date) {
    Roff out({program.get_name(), '1', date, program.get_description()});
    out.section("SYNOPSIS");
    out.paragraph("`" + program.get_name() + "` [OPTION...] COMMAND [ARGUMENT...]");
    out.section("DESCRIPTION");
    out.paragraph("Asks the daemon of this node, `namegated`(8), what is in force and why, and checks policy files without it.");
    out.section("COMMANDS");
    for (const CLI::App* command : program.get_subcommands({})) {
        add_command(out, *command, *ctl::find_page(command->get_name()));
    }
    out.section("OPTIONS");
    out.paragraph("These may stand before or after a command.");
    add_options(out, program);
    out.section("EXIT STATUS");
    out.literal(ctl::program_exit_codes());
    out.section("FILES");
    out.literal(ctl::program_files());
    out.section("SEE ALSO");
    out.paragraph("`namegated`(8), `namegate.yaml`(5)");
    return out.text();
}

std::string namegated_page(const CLI::App& program, const std::string& date) {
    const std::string description = program.get_description();  // "namegated - what it does"
    Roff out({program.get_name(), '8', date, description.substr(description.find(" - ") + 3)});
    out.section("SYNOPSIS");
    out.paragraph("`" + program.get_name() + "` [OPTION...]");
    out.section("DESCRIPTION");
    out.paragraph(on_one_line(program.get_footer()));
    out.paragraph(
        "Enforcement does not need the daemon: while it is stopped, killed or upgraded, policy stays in force, names are "
        "learned, and new pods start with their policy. It watches the policy folders, keeps the names that pods looked up, "
        "learns from responses that the kernel's programs cannot decide, and replies to `namegatectl`(1).");
    out.section("OPTIONS");
    add_options(out, program);
    out.section("FILES");
    out.literal(ctl::program_files());
    out.section("SEE ALSO");
    out.paragraph("`namegatectl`(1), `namegate.yaml`(5)");
    return out.text();
}

}  // namespace namegate::man

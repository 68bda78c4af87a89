// SPDX-License-Identifier: Apache-2.0
#include "ctl/help.h"

#include <sstream>

#include "ctl/pages.h"

namespace namegate::ctl {

namespace {

constexpr std::size_t kCommandColumn = 32;
constexpr std::size_t kOptionColumn = 30;

void add_line(std::ostream& out, const std::string& name, const std::string& text, std::size_t column) {
    CLI::detail::format_help(out, "  " + name, text, column);
}

std::vector<const CLI::Option*> positionals(const CLI::App& app) {
    return app.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

// `command`: whose page it is; null: the program's own.
void add_options(std::ostream& out, const CLI::App& app, const CLI::App* command) {
    for (const CLI::Option* option : app.get_options([](const CLI::Option* each) { return each->nonpositional(); })) {
        // Skips --help of a command: its page also lists that of the program.
        const bool skipped =
            app.get_parent() == nullptr ? command != nullptr && is_shadowed(*option, *command) : option == app.get_help_ptr();
        if (!skipped) {
            const std::string value = option->get_option_text();
            add_line(out, option->get_name(false, true) + (value.empty() ? "" : " " + value), option->get_description(), kOptionColumn);
        }
    }
}

std::string operands_of(const CLI::App& command) {
    std::string out;
    for (const CLI::Option* option : positionals(command)) {
        std::string name = option->get_name(true);
        name += option->get_expected_max() > 1 ? "..." : "";
        out += option->get_required() ? " " + name : " [" + name + "]";
    }
    return out;
}

std::string main_page(const CLI::App& app) {
    std::ostringstream out;
    out << "NAME\n    " << app.get_name() << " - " << app.get_description() << "\n\nSYNOPSIS\n    " << app.get_name()
        << " [OPTION...] COMMAND [ARGUMENT...]\n\nCOMMANDS\n";
    for (const CLI::App* command : app.get_subcommands({})) {
        add_line(out, command->get_name() + operands_of(*command), command->get_description(), kCommandColumn);
    }
    out << "\n    `" << app.get_name() << " COMMAND --help` describes each command.\n\nOPTIONS\n";
    add_options(out, app, nullptr);
    out << "\nEXIT STATUS\n" << program_exit_codes() << "\nFILES\n" << program_files();
    return out.str();
}

std::string command_page(const CLI::App& command, const Page& page) {
    const CLI::App& program = *command.get_parent();
    std::ostringstream out;
    out << "NAME\n    " << program.get_name() << " " << page.command << " - " << page.summary << "\n\nSYNOPSIS\n    "
        << synopsis_of(command) << "\n\nDESCRIPTION\n"
        << page.description;
    if (!positionals(command).empty()) {
        out << "\nARGUMENTS\n";
    }
    for (const CLI::Option* option : positionals(command)) {
        add_line(out, option->get_name(true), option->get_description(), kOptionColumn);
    }
    out << "\nOPTIONS\n";
    add_options(out, command, &command);
    add_options(out, program, &command);
    out << "\nEXIT STATUS\n" << page.exit_codes << "\nEXAMPLES\n" << page.examples;
    return out.str();
}

}  // namespace

std::string ManualPage::make_help(const CLI::App* app, std::string /*name*/, CLI::AppFormatMode /*mode*/) const {
    const Page* page = app->get_parent() == nullptr ? nullptr : find_page(app->get_name());
    return page == nullptr ? main_page(*app) : command_page(*app, *page);
}

bool is_shadowed(const CLI::Option& program_option, const CLI::App& command) {
    for (const std::string& name : program_option.get_lnames()) {
        const CLI::Option* own = command.get_option_no_throw("--" + name);
        if (own != nullptr && own != command.get_help_ptr()) {
            return true;
        }
    }
    return false;
}

std::string synopsis_of(const CLI::App& command) {
    return command.get_parent()->get_name() + " [OPTION...] " + command.get_name() + operands_of(command);
}

}  // namespace namegate::ctl

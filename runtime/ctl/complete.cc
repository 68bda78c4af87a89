// SPDX-License-Identifier: Apache-2.0
#include "ctl/complete.h"

#include <algorithm>
#include <string_view>

#include "api/commands.h"
#include "config/config.h"
#include "ctl/command_line.h"
#include "ctl/completion.h"
#include "ctl/help.h"
#include "ctl/output.h"
#include "ctl/printable.h"
#include "ctl/reply.h"

namespace namegate::ctl {

namespace {

// What the words before the unfinished one say.
struct Before {
    const CLI::App* command = nullptr;    // null: none yet
    const CLI::Option* option = nullptr;  // whose value the unfinished word is
    std::size_t operands = 0;
    bool only_operands = false;  // "--" was there
    Arguments arguments;         // socket and configuration, to ask the daemon
};

const CLI::Option* find_option(const CLI::App& program, const CLI::App* command, const std::string& name) {
    const CLI::Option* own = command == nullptr ? nullptr : command->get_option_no_throw(name);
    return own != nullptr ? own : program.get_option_no_throw(name);
}

bool takes_value(const CLI::Option* option) { return option != nullptr && option->get_type_size_min() > 0; }

void note_value(Before& before, const CLI::Option& option, const std::string& value) {
    if (option.check_name("--socket")) {
        before.arguments.socket = value;
    } else if (option.check_name("--config")) {
        before.arguments.config_path = value;
    }
}

// bash passes "--output=json" as three words.
std::vector<std::string> join_equals(const std::vector<std::string>& words) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const bool joins = words[i] == "=" && !out.empty() && out.back().starts_with("--") && out.back().find('=') == std::string::npos;
        if (!joins) {
            out.push_back(words[i]);
            continue;
        }
        out.back() += "=";
        if (i + 1 < words.size()) {
            out.back() += words[++i];
        }
    }
    return out;
}

void read_word(const CLI::App& program, const std::string& word, Before& before) {
    if (before.option != nullptr) {
        note_value(before, *before.option, word);
        before.option = nullptr;
    } else if (!before.only_operands && word == "--") {
        before.only_operands = true;
    } else if (!before.only_operands && word.size() > 1 && word.front() == '-') {
        const std::size_t equals = word.find('=');
        const CLI::Option* option = find_option(program, before.command, word.substr(0, equals));
        if (takes_value(option) && equals != std::string::npos) {
            note_value(before, *option, word.substr(equals + 1));
        } else if (takes_value(option)) {
            before.option = option;
        }
    } else if (before.command == nullptr) {
        const auto named = program.get_subcommands([&word](const CLI::App* each) { return each->get_name() == word; });
        before.command = named.empty() ? nullptr : named.front();
    } else {
        ++before.operands;
    }
}

class Candidates {
  public:
    explicit Candidates(std::string begin) : begin_(std::move(begin)) {}

    void add(const std::string& text, std::string_view description = {}) {
        // A shell inserts the text as it is, so nothing that it would act on.
        const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   std::string_view("-_./:@=").find(c) != std::string_view::npos;
        });
        if (plain && text.starts_with(begin_)) {
            std::string line(description);  // of a help page, with its line breaks
            std::replace(line.begin(), line.end(), '\n', ' ');
            lines_ += text + "\t" + printable(line) + "\n";
        }
    }
    const std::string& lines() const { return lines_; }

  private:
    std::string begin_;
    std::string lines_;
};

void add_commands(const CLI::App& program, Candidates& out) {
    for (const CLI::App* command : program.get_subcommands({})) {
        out.add(command->get_name(), command->get_description());
    }
}

// `command`: after which the options stand; null: none.
void add_options(const CLI::App& app, const CLI::App* command, Candidates& out) {
    for (const CLI::Option* option : app.get_options([](const CLI::Option* each) { return each->nonpositional(); })) {
        const bool is_programs = app.get_parent() == nullptr;
        if (is_programs ? command != nullptr && is_shadowed(*option, *command) : option == app.get_help_ptr()) {
            continue;  // the other one has it too
        }
        for (const std::string& name : option->get_lnames()) {
            out.add("--" + name, option->get_description());
        }
        for (const std::string& name : option->get_snames()) {
            out.add("-" + name, option->get_description());
        }
    }
}

void add_endpoints(const Before& before, const Environment& environment, Candidates& out) {
    const auto path = socket_path(before.arguments);
    if (!path) {
        return;
    }
    const auto reply = environment.ask(*path, api::encode_call(api::EndpointsRequest{}));
    if (!reply || !reply->is_array()) {
        return;
    }
    // Not read as a value: a name can be completed whatever else a daemon of another version says of the endpoint.
    for (const api::Json& endpoint : *reply) {
        out.add(text_of(endpoint, "endpoint"), text_of(endpoint, "mode"));
    }
}

bool is_path(std::string_view value_name) { return value_name == "FILE" || value_name == "PATH" || value_name == "SOCKET"; }

// Candidates for a value of this name, each behind `prefix`.
void add_values(std::string_view value_name, const std::string& prefix, Candidates& out) {
    if (value_name == "FORMAT") {
        out.add(prefix + "table");
        out.add(prefix + "json");
    } else if (value_name == "SHELL") {
        for (const std::string_view shell : kShells) {
            out.add(prefix + std::string(shell));
        }
    }
}

// The name of the next operand; empty: there is none.
std::string operand_after(const Before& before) {
    if (before.command == nullptr) {
        return "COMMAND";
    }
    const std::size_t place = before.operands;
    const auto operands = before.command->get_options([](const CLI::Option* each) { return each->get_positional(); });
    if (operands.empty()) {
        return {};
    }
    const bool repeats = operands.back()->get_expected_max() > 1;
    return place < operands.size() ? operands[place]->get_name(true) : repeats ? operands.back()->get_name(true) : std::string();
}

int print_words(const Environment& environment, const Candidates& candidates) {
    environment.out << "words\n" << candidates.lines();
    return kYes;
}

int print_files(const Environment& environment) {
    environment.out << "files\n";
    return kYes;
}

int complete(const CLI::App& program, const std::vector<std::string>& given, const Environment& environment) {
    std::vector<std::string> words = join_equals(given);
    const std::string last = words.empty() ? std::string() : words.back();
    Before before;
    before.arguments.config_path = config::kDefaultConfigPath;
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        read_word(program, words[i], before);
    }
    Candidates out(last);
    const bool dashed = !before.only_operands && before.option == nullptr && last.starts_with("-");
    const std::size_t equals = dashed ? last.find('=') : std::string::npos;
    const CLI::Option* valued = equals == std::string::npos ? before.option : find_option(program, before.command, last.substr(0, equals));
    if (valued != nullptr) {
        if (is_path(valued->get_option_text())) {
            return print_files(environment);
        }
        add_values(valued->get_option_text(), equals == std::string::npos ? "" : last.substr(0, equals + 1), out);
    } else if (dashed) {
        if (before.command != nullptr) {
            add_options(*before.command, before.command, out);
        }
        add_options(program, before.command, out);
    } else if (const std::string operand = operand_after(before); is_path(operand)) {
        return print_files(environment);
    } else if (operand == "ENDPOINT") {
        add_endpoints(before, environment, out);
    } else if (operand == "COMMAND") {
        add_commands(program, out);
    } else {
        add_values(operand, "", out);
    }
    return print_words(environment, out);
}

}  // namespace

int run_complete(const std::vector<std::string>& words, const Environment& environment) {
    int code = kYes;
    with_command_line([&](const CLI::App& program) { code = complete(program, words, environment); });
    return code;
}

}  // namespace namegate::ctl

// SPDX-License-Identifier: Apache-2.0
#include "ctl/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <string_view>

#include "base/words.h"
#include "config/config.h"
#include "ctl/command_line.h"
#include "ctl/completion.h"
#include "ctl/help.h"
#include "ctl/pages.h"
#include "ctl/watch.h"

namespace namegate::ctl {

namespace {

constexpr const char* kVersion = "namegatectl " NAMEGATE_VERSION "\n";
constexpr const char* kEndpoint = "namespace/pod, a container id or its beginning, or\nthe name of the host's interface";

std::string need_text(const std::string& value) { return value.empty() ? "needs a value that is not empty" : ""; }

// Adds an option with one value. If it is repeated, the last value counts.
CLI::Option& add_value(CLI::App& app, const char* names, std::string& value, const char* value_name, const char* description) {
    return *app.add_option(names, value, description)->option_text(value_name)->take_last()->check(need_text);
}

void add_list(CLI::App& app, const char* names, std::vector<std::string>& values, const char* value_name, const char* description) {
    app.add_option(names, values, description)->option_text(value_name)->allow_extra_args(false)->check(need_text);
}

void add_flag(CLI::App& app, const char* names, bool& flag, const char* description) {
    app.add_flag(names, flag, description)->disable_flag_override()->take_last();
}

// CLI11 gives a flag without a value the text "true". Nothing: it is not an interval.
std::optional<unsigned> interval_of(const std::string& text) {
    unsigned seconds = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, seconds);
    if (text == "true") {
        return kWatchSeconds;
    }
    const bool good = parsed.ec == std::errc() && parsed.ptr == end && seconds > 0 && seconds <= kMaxWatchSeconds;
    return good ? std::optional(seconds) : std::nullopt;
}

std::string interval_problem(const std::string& text) {
    return interval_of(text) ? "" : "needs a number of seconds from 1 to " + std::to_string(kMaxWatchSeconds);
}

class CommandLine {
  public:
    CommandLine();
    Result<Arguments> parse(const std::vector<std::string>& arguments);
    const CLI::App& app() const { return app_; }

  private:
    // Binds no variable: collect() reads the operands as written.
    CLI::Option* add_operand(const char* command, const char* name, const std::string& description) {
        return app_.get_subcommand(command)->add_option(name, description)->required();
    }
    void add_program_options();
    void add_operands();
    void add_explain_options(CLI::App& explain);
    void add_monitor_options(CLI::App& monitor);
    void add_suggest_options(CLI::App& suggest);
    // The arguments after a successful parse, or the help text that they ask for.
    Result<Arguments> collect();
    Result<Arguments> help_of(const std::string& command);
    // These make errors.
    Error wrong(const std::string& message) const;
    Error unknown_command(const std::string& name) const;
    Error mismatch(const std::string& message) const;
    Error unexpected() const;
    Error unknown_option(const std::string& text) const;
    // The command that was given; null: none.
    const CLI::App* command() const {
        const std::vector<const CLI::App*> given = app_.get_subcommands(&CLI::App::parsed);
        return given.empty() ? nullptr : given.front();
    }

    CLI::App app_{"query namegated and check policy files", "namegatectl"};
    Arguments parsed_;
    std::string format_ = "table";
    std::string watch_;
};

CommandLine::CommandLine() {
    parsed_.config_path = config::kDefaultConfigPath;
    app_.formatter(std::make_shared<ManualPage>());
    app_.set_help_flag("-h,--help", "this text; after a command, the page of that command")->disable_flag_override();
    app_.require_subcommand(0, 1);
    app_.fallthrough();  // the program's options may follow a command
    add_program_options();
    for (const Page& page : pages()) {
        CLI::App* added = app_.add_subcommand(std::string(page.command), std::string(page.summary));
        added->set_help_flag("-h,--help")->disable_flag_override();
    }
    add_operands();
    add_explain_options(*app_.get_subcommand("explain"));
    for (const char* listing : {"status", "endpoints", "policies", "ips", "dns", "staged"}) {
        app_.get_subcommand(listing)
            ->add_flag("-w,--watch", watch_, "show it again every SECONDS (default 2) until\ninterrupted")
            ->option_text("[=SECONDS]")
            ->take_last()
            ->check(interval_problem);
    }
    add_flag(*app_.get_subcommand("endpoints"), "--all-labels", parsed_.all_labels,
             "also show the labels that namegate, Kubernetes\nand the runtime add");
    add_value(*app_.get_subcommand("bug-report"), "-o,--output", parsed_.output_file, "FILE",
              "where to write it (default\nnamegate-bug-report-TIME.tar.gz)");
    add_flag(*app_.get_subcommand("schema"), "--crds", parsed_.crds,
             "the definitions of the kinds of policy.namegate.dev/v1 for\nan API server instead, as YAML");
    add_monitor_options(*app_.get_subcommand("monitor"));
    add_suggest_options(*app_.get_subcommand("suggest"));
}

void CommandLine::add_program_options() {
    add_value(app_, "-s,--socket", parsed_.socket, "SOCKET", "the daemon's socket (default: from the configuration)");
    add_value(app_, "--config", parsed_.config_path, "FILE", "the configuration (default /etc/namegate/namegate.yaml)");
    add_value(app_, "-o,--output", format_, "FORMAT", "table (default) or json").check(CLI::IsMember({"table", "json"}));
    app_.set_version_flag("-V,--version", kVersion, "the version")->disable_flag_override();
}

void CommandLine::add_operands() {
    add_operand("check", "PATH", "a file or a folder")->required(false)->expected(1, -1)->allow_extra_args();
    add_operand("policies", "ENDPOINT", kEndpoint)->required(false);
    add_operand("ips", "ENDPOINT", kEndpoint);
    add_operand("dns", "ENDPOINT", kEndpoint)->required(false);
    add_operand("explain", "ENDPOINT", kEndpoint);
    add_operand("explain", "DEST", "the destination");
    add_operand("why", "ENDPOINT", kEndpoint);
    add_operand("why", "DEST", "only denials of this address or name; with a port or a\nprotocol, also of these")->required(false);
    add_operand("staged", "ENDPOINT", kEndpoint)->required(false);
    add_operand("monitor", "ENDPOINT", kEndpoint)->required(false);
    add_operand("suggest", "ENDPOINT", kEndpoint)->required(false);
    add_operand("selector", "EXPR", "the selector");
    add_operand("selector", "LABEL", "key=value")->required(false)->expected(1, -1)->allow_extra_args();
    add_operand("domain", "PATTERN", "the domain pattern");
    add_operand("domain", "NAME", "the name");
    add_operand("completion", "SHELL", "bash, zsh or fish")->check(CLI::IsMember(std::vector<std::string>(kShells.begin(), kShells.end())));
    add_operand("help", "COMMAND", "one of the commands")->required(false);
}

void CommandLine::add_explain_options(CLI::App& explain) {
    add_flag(explain, "--ingress", parsed_.ingress, "DEST is the source of the packets, and PORT is a\nport of the endpoint");
    add_value(explain, "--tls-name", parsed_.tls_name, "NAME",
              "the server name that the connection shows in TLS; by\ndefault the name in DEST");
    add_flag(explain, "--offline", parsed_.offline, "read policy files instead of asking the daemon");
    add_list(explain, "--policies", parsed_.policies, "PATH",
             "a policy folder or file instead of the configured\nfolders; may be repeated");
    add_list(explain, "-l,--label", parsed_.labels, "KEY=VALUE",
             "a label of the endpoint, in addition to those of its\nPod document; may be repeated");
    add_value(explain, "--service-account", parsed_.service_account, "NAME", "the service account of the endpoint");
}

void CommandLine::add_monitor_options(CLI::App& monitor) {
    add_flag(monitor, "--denied", parsed_.denied, "only packets that were denied, cut or dropped");
    add_flag(monitor, "--dns", parsed_.dns, "only DNS responses; with --denied, both");
    add_flag(monitor, "--flows", parsed_.flows, "only flows that were allowed, as they begin and end;\nwith --denied or --dns, these too");
    add_flag(monitor, "--addresses", parsed_.addresses,
             "only addresses that names open, and that expire;\nwith the options above, these too");
    add_value(monitor, "--namespace", parsed_.name_space, "NAME", "only of pods of this namespace");
    add_value(monitor, "--pod", parsed_.pod, "NAME", "only of the pods of this name");
    add_value(monitor, "--name", parsed_.name, "PATTERN", "only with a domain name that matches, such as\n\"*.example.com\"");
    add_value(monitor, "--rule", parsed_.rule, "NAME", "only by this policy, or by one of its rules, such as\n\"default.allow-x[1]\"");
    add_value(monitor, "--since", parsed_.since, "TIME",
              "begin with the events of the last TIME, such as 30s, 15m\nor 2h; DNS responses are not kept");
}

void CommandLine::add_suggest_options(CLI::App& suggest) {
    add_value(suggest, "-l,--selector", parsed_.selector, "SELECTOR", "only for endpoints with these labels, such as\n\"app == 'web'\"");
    add_value(suggest, "--from", parsed_.from, "FILE", "read this flow log, or the output of\n`monitor -o json`, instead of watching");
    add_value(suggest, "--for", parsed_.span, "TIME", "how long to watch, such as 90s or 10m (default 60s)");
    add_flag(suggest, "--staged", parsed_.staged, "print staged policies, which change nothing yet");
    add_flag(suggest, "--diff", parsed_.diff,
             "only what the policies in force do not allow by a rule,\nand which of their rules were never used");
    add_flag(suggest, "--wildcards", parsed_.wildcards, "\"*.example.com\" for three or more names below one domain");
    add_flag(suggest, "--include-denied", parsed_.include_denied, "also allow what was denied");
}

Result<Arguments> CommandLine::parse(const std::vector<std::string>& arguments) {
    try {
        app_.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::CallForHelp&) {
        parsed_.text = app_.help();
        return parsed_;
    } catch (const CLI::CallForVersion& version) {
        parsed_.text = version.what();
        return parsed_;
    } catch (const CLI::ArgumentMismatch& error) {
        return mismatch(error.what());
    } catch (const CLI::RequiredError&) {
        return wrong("usage: " + synopsis_of(*command()));
    } catch (const CLI::ExtrasError&) {
        return unexpected();
    } catch (const CLI::ParseError& error) {
        return wrong(error.what());
    }
    return collect();
}

Result<Arguments> CommandLine::collect() {
    const CLI::App* given = command();
    if (given == nullptr) {
        return wrong("a command is missing");
    }
    parsed_.command = given->get_name();
    for (const CLI::Option* operand : given->get_options([](const CLI::Option* each) { return each->get_positional(); })) {
        parsed_.operands.insert(parsed_.operands.end(), operand->results().begin(), operand->results().end());
    }
    parsed_.watch_seconds = watch_.empty() ? 0 : interval_of(watch_).value_or(kWatchSeconds);
    parsed_.format = format_ == "json" ? Format::kJson : Format::kTable;
    const bool has_empty = std::find(parsed_.operands.begin(), parsed_.operands.end(), "") != parsed_.operands.end();
    if (has_empty && parsed_.command != "selector") {  // the empty selector selects everything
        return wrong("an argument is empty");
    }
    if (parsed_.command == "help") {
        return help_of(parsed_.operands.empty() ? "" : parsed_.operands.front());
    }
    return parsed_;
}

Result<Arguments> CommandLine::help_of(const std::string& name) {
    if (!name.empty() && find_page(name) == nullptr) {
        return unknown_command(name);
    }
    const CLI::App* about = name.empty() ? &app_ : app_.get_subcommand(name);
    parsed_.text = app_.get_formatter()->make_help(about, "", CLI::AppFormatMode::Normal);
    return parsed_;
}

Error CommandLine::wrong(const std::string& message) const {
    const CLI::App* given = command();
    return Error(Code::kInvalidInput, message + "; see namegatectl " + (given == nullptr ? "" : given->get_name() + " ") + "--help");
}

Error CommandLine::unknown_command(const std::string& name) const {
    std::vector<std::string_view> known;
    for (const Page& page : pages()) {
        known.push_back(page.command);
    }
    const std::string near(nearest_word(name, known));
    return Error(Code::kInvalidInput, "unknown command \"" + name + "\"" + (near.empty() ? "" : "; did you mean \"" + near + "\"?") +
                                          "; see namegatectl --help");
}

// CLI11's messages are "--output: 1 required FORMAT missing" and "help was given a disallowed flag override".
Error CommandLine::mismatch(const std::string& message) const {
    const std::size_t colon = message.find(':');
    if (colon != std::string::npos) {
        return wrong(message.substr(0, colon) + " needs a value");
    }
    return wrong("--" + message.substr(0, message.find(' ')) + " does not accept a value");
}

// Words and options that CLI11 did not recognise.
Error CommandLine::unexpected() const {
    const std::vector<std::string> extra = app_.remaining(true);
    for (const std::string& text : extra) {
        if (text.size() > 1 && text.front() == '-') {
            return unknown_option(text);
        }
    }
    return command() == nullptr ? unknown_command(extra.empty() ? "" : extra.front()) : wrong("usage: " + synopsis_of(*command()));
}

Error CommandLine::unknown_option(const std::string& text) const {
    const std::string name = text.substr(0, text.find('='));
    std::vector<std::string_view> known;
    for (const CLI::App* each : app_.get_subcommands({})) {
        if (each->get_option_no_throw(name) != nullptr) {
            return Error(Code::kInvalidInput, name + " is an option of " + each->get_name() +
                                                  " only; write it after this command; see namegatectl " + each->get_name() + " --help");
        }
    }
    std::vector<std::string> names;
    for (const CLI::App* each : {static_cast<const CLI::App*>(&app_), command()}) {
        for (const CLI::Option* option : each == nullptr ? std::vector<const CLI::Option*>() : each->get_options({})) {
            for (const std::string& long_name : option->get_lnames()) {
                names.push_back("--" + long_name);
            }
        }
    }
    const std::string near(nearest_word(name, {names.begin(), names.end()}));
    return wrong("unknown option \"" + text + "\"" +
                 (near.empty() ? "; an argument that starts with \"-\" goes after \"--\"" : "; did you mean \"" + near + "\"?"));
}

// Finds an option such as "--socket=": CLI11 would use the next argument as its value.
const std::string* find_empty_value(const std::vector<std::string>& arguments) {
    for (const std::string& text : arguments) {
        if (text == "--") {
            break;
        }
        if (text.size() > 3 && text.starts_with("--") && text.find('=') == text.size() - 1) {
            return &text;
        }
    }
    return nullptr;
}

}  // namespace

void with_command_line(const std::function<void(const CLI::App&)>& use) {
    const CommandLine line;
    use(line.app());
}

Result<Arguments> parse_arguments(const std::vector<std::string>& arguments) {
    if (const std::string* text = find_empty_value(arguments)) {
        return Error(Code::kInvalidInput, text->substr(0, text->size() - 1) + " needs a value; see namegatectl --help");
    }
    return CommandLine().parse(arguments);
}

}  // namespace namegate::ctl

// SPDX-License-Identifier: Apache-2.0
#include "ctl/arguments.h"

#include <array>
#include <cstddef>
#include <string_view>

#include "config/config.h"

namespace namegate::ctl {

namespace {

struct Option {
    std::string_view short_name;  // "-s"; empty: none
    std::string_view long_name;
    bool takes_value;
    std::string_view only_of;  // the one command that has it; empty: all
    Result<> (*apply)(Arguments& arguments, const std::string& value);
};

Result<> set_text(std::string& text, std::string_view option, const std::string& value) {
    if (value.empty()) {
        return Error(Code::kInvalidInput, std::string(option) + " needs a value that is not empty");
    }
    text = value;
    return ok();
}

Result<> add_text(std::vector<std::string>& list, std::string_view option, const std::string& value) {
    NG_TRY(set_text(list.emplace_back(), option, value));
    return ok();
}

Result<> set_format(Arguments& arguments, const std::string& value) {
    if (value != "table" && value != "json") {
        return Error(Code::kInvalidInput, "-o takes table or json, not \"" + value + "\"");
    }
    arguments.format = value == "json" ? Format::kJson : Format::kTable;
    return ok();
}

Result<> set_flag(bool& flag) {
    flag = true;
    return ok();
}

const std::array<Option, 12>& options() {
    static constexpr std::array<Option, 12> kOptions = {{
        {"-s", "--socket", true, "", [](Arguments& a, const std::string& value) { return set_text(a.socket, "--socket", value); }},
        {"", "--config", true, "", [](Arguments& a, const std::string& value) { return set_text(a.config_path, "--config", value); }},
        {"-o", "--output", true, "", set_format},
        {"-h", "--help", false, "", [](Arguments& a, const std::string&) { return set_flag(a.help); }},
        {"-V", "--version", false, "", [](Arguments& a, const std::string&) { return set_flag(a.version); }},
        {"", "--offline", false, "explain", [](Arguments& a, const std::string&) { return set_flag(a.offline); }},
        {"", "--ingress", false, "explain", [](Arguments& a, const std::string&) { return set_flag(a.ingress); }},
        {"", "--policies", true, "explain",
         [](Arguments& a, const std::string& value) { return add_text(a.policies, "--policies", value); }},
        {"-l", "--label", true, "explain", [](Arguments& a, const std::string& value) { return add_text(a.labels, "--label", value); }},
        {"", "--service-account", true, "explain",
         [](Arguments& a, const std::string& value) { return set_text(a.service_account, "--service-account", value); }},
        {"", "--denied", false, "monitor", [](Arguments& a, const std::string&) { return set_flag(a.denied); }},
        {"", "--dns", false, "monitor", [](Arguments& a, const std::string&) { return set_flag(a.dns); }},
    }};
    return kOptions;
}

struct Found {
    const Option* option = nullptr;
    bool has_value = false;  // "--socket=x", "-sx"
    std::string value;
};

Result<Found> find_option(std::string_view text) {
    const std::size_t equals = text.find('=');
    const bool is_long = text.substr(0, 2) == "--";
    const std::string_view name = is_long ? text.substr(0, equals) : text.substr(0, 2);
    for (const Option& option : options()) {
        if (name != (is_long ? option.long_name : option.short_name)) {
            continue;
        }
        Found found;
        found.option = &option;
        if (is_long && equals != std::string_view::npos) {
            found.has_value = true;
            found.value = text.substr(equals + 1);
        } else if (!is_long && text.size() > 2) {
            found.has_value = true;
            found.value = text.substr(2);
        }
        if (found.has_value && !option.takes_value) {
            return Error(Code::kInvalidInput, std::string(name) + " takes no value");
        }
        return found;
    }
    return Error(Code::kInvalidInput,
                 "unknown option \"" + std::string(text) + "\"; what starts with \"-\" and is no option goes after \"--\"");
}

}  // namespace

Result<Arguments> parse_arguments(const std::vector<std::string>& arguments) {
    Arguments parsed;
    parsed.config_path = config::kDefaultConfigPath;
    std::vector<std::string> words;
    bool options_end = false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& text = arguments[i];
        if (!options_end && text == "--") {
            options_end = true;
            continue;
        }
        if (options_end || text.size() < 2 || text.front() != '-') {
            words.push_back(text);
            continue;
        }
        NG_ASSIGN(Found found, find_option(text));
        if (found.option->takes_value && !found.has_value) {
            if (i + 1 == arguments.size()) {
                return Error(Code::kInvalidInput, text + " needs a value");
            }
            found.value = arguments[++i];
        }
        NG_TRY(found.option->apply(parsed, found.value));
        if (!found.option->only_of.empty() && parsed.special_option.empty()) {
            parsed.special_option = found.option->long_name;
            parsed.special_command = found.option->only_of;
        }
    }
    if (!words.empty()) {
        parsed.has_command = true;
        parsed.command = words.front();
        parsed.operands.assign(words.begin() + 1, words.end());
    }
    return parsed;
}

}  // namespace namegate::ctl

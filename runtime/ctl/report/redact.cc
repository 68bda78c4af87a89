// SPDX-License-Identifier: Apache-2.0
#include "ctl/report/redact.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>

#include "config/config.h"
#include "policy/documents/document.h"

namespace namegate::ctl {

namespace {

using api::Json;

constexpr std::array<std::string_view, 12> kSecretWords = {"token",   "secret",  "passw",   "passphrase",    "credential", "apikey",
                                                           "api-key", "api_key", "private", "authorization", "cookie",     "bearer"};
constexpr std::size_t kRandomWord = 32;

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

std::string lower(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += lower(c);
    }
    return out;
}

bool is_word_char(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '+' || c == '=' || c == '.';
}

// Upper case, lower case and digits: base64, not a name, an address or a container's id.
bool looks_random(std::string_view word) {
    const auto has = [word](int (*is)(int)) {
        return std::any_of(word.begin(), word.end(), [is](char c) { return is(static_cast<unsigned char>(c)) != 0; });
    };
    return word.size() >= kRandomWord && has(std::isupper) && has(std::islower) && has(std::isdigit);
}

bool is_web_token(std::string_view word) {
    constexpr std::size_t kLeast = 20;
    return word.size() >= kLeast && word.starts_with("eyJ");  // base64 of {"
}

std::string without_random_words(std::string_view line) {
    std::string out;
    for (std::size_t at = 0; at < line.size();) {
        std::size_t end = at;
        while (end < line.size() && is_word_char(line[end])) {
            ++end;
        }
        const std::string_view word = line.substr(at, end - at);
        out += looks_random(word) || is_web_token(word) ? kRemoved : word;
        if (end < line.size()) {
            out += line[end];
        }
        at = end + 1;
    }
    return out;
}

// "https://user:password@host"
std::string without_users(std::string line) {
    for (std::size_t at = line.find("://"); at != std::string::npos; at = line.find("://", at + 3)) {
        const std::size_t begin = at + 3;
        const std::size_t end = line.find_first_of("@/ \"'", begin);
        if (end != std::string::npos && line[end] == '@') {
            line.replace(begin, end - begin, kRemoved);
        }
    }
    return line;
}

// Behind a word such as "token", and the ":" or "=" after it.
std::string without_named_values(const std::string& line) {
    const std::string small = lower(line);
    std::size_t cut = std::string::npos;
    for (const std::string_view word : kSecretWords) {
        const std::size_t found = small.find(word);
        if (found == std::string::npos) {
            continue;
        }
        const std::size_t mark = word == "bearer" ? small.find(' ', found) : small.find_first_of(":=", found);
        cut = std::min(cut, mark);
    }
    return cut == std::string::npos || cut + 1 >= line.size() ? line : line.substr(0, cut + 1) + " " + std::string(kRemoved);
}

Json plain(const policy::Node& node);

Json known_settings(const policy::Node& map, const policy::ObjectSpec& spec) {
    Json out = Json::object();
    std::size_t unknown = 0;
    for (const policy::MapEntry& entry : map.entries()) {
        const auto field = std::find_if(spec.fields.begin(), spec.fields.end(),
                                        [&entry](const policy::FieldSpec& each) { return each.name == entry.key; });
        if (field == spec.fields.end()) {
            ++unknown;
        } else if (names_secret(entry.key)) {
            out[entry.key] = kRemoved;
        } else {
            out[entry.key] = field->object != nullptr && entry.value.is_map() ? known_settings(entry.value, *field->object)
                                                                              : redact_json(plain(entry.value));
        }
    }
    if (unknown != 0) {
        out["(unknown keys)"] = unknown;
    }
    return out;
}

// A scalar or a list of scalars; nothing else is the value of a setting.
Json plain(const policy::Node& node) {
    if (node.is_scalar()) {
        return node.text();
    }
    Json out = Json::array();
    for (const policy::Node& item : node.items()) {
        out.push_back(item.is_scalar() ? Json(item.text()) : Json(kRemoved));
    }
    return node.is_sequence() ? out : Json(node.is_null() ? "" : kRemoved);
}

}  // namespace

bool names_secret(std::string_view name) {
    const std::string small = lower(name);
    return std::any_of(kSecretWords.begin(), kSecretWords.end(),
                       [&small](std::string_view word) { return small.find(word) != std::string::npos; });
}

std::string redact_text(std::string_view text) {
    std::istringstream in{std::string(text)};
    std::string out;
    bool in_block = false;
    for (std::string line; std::getline(in, line);) {
        if (line.find("-----BEGIN ") != std::string::npos) {
            in_block = true;
            out += std::string(kRemoved) + "\n";
        }
        if (!in_block) {
            out += without_random_words(without_users(without_named_values(line))) + "\n";
        }
        in_block = in_block && line.find("-----END ") == std::string::npos;
    }
    if (!out.empty() && !text.ends_with('\n')) {
        out.pop_back();
    }
    return out;
}

Json redact_json(const Json& json) {
    if (json.is_string()) {
        return redact_text(json.get<std::string>());
    }
    if (json.is_array()) {
        Json out = Json::array();
        for (const Json& item : json) {
            out.push_back(redact_json(item));
        }
        return out;
    }
    if (!json.is_object()) {
        return json;
    }
    Json out = Json::object();
    for (const auto& member : json.items()) {
        if (member.key() == "annotations" && member.value().is_object()) {
            out[member.key()] = Json::object();
            for (const auto& annotation : member.value().items()) {
                out[member.key()][redact_text(annotation.key())] = kRemoved;
            }
        } else if (names_secret(member.key()) && !member.value().is_number() && !member.value().is_boolean()) {
            out[member.key()] = kRemoved;
        } else {
            out[redact_text(member.key())] = redact_json(member.value());
        }
    }
    return out;
}

Json redact_settings(const std::string& path, std::string_view content) {
    const policy::ParseOutcome parsed = policy::parse_documents(path, content);
    const bool broken = std::any_of(parsed.problems.begin(), parsed.problems.end(),
                                    [](const policy::Problem& problem) { return problem.severity == policy::Problem::Severity::kError; });
    if (broken || (!parsed.documents.empty() && !parsed.documents.front().is_map())) {
        return {{"error", "the file does not parse; namegatectl check tells why"}};
    }
    return parsed.documents.empty() ? Json::object() : known_settings(parsed.documents.front(), config::settings_table());
}

}  // namespace namegate::ctl

// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/document.h"

#include <algorithm>
#include <array>

#include "policy/documents/json_reader.h"
#include "policy/documents/yaml_reader.h"

namespace namegate::policy {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool all_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

std::string_view without_sign(std::string_view text) {
    return !text.empty() && (text.front() == '-' || text.front() == '+') ? text.substr(1) : text;
}

// Digits may be separated by underscores: 1_000.
std::string without_underscores(std::string_view text) {
    std::string out(text);
    out.erase(std::remove(out.begin(), out.end(), '_'), out.end());
    return out;
}

bool is_integer(std::string_view text) {
    text = without_sign(text);
    const std::string_view base = text.substr(0, 2);
    if (base == "0x" || base == "0o" || base == "0b") {
        text.remove_prefix(2);
        const char last = base == "0o" ? '7' : '1';
        const auto digit = [&](char c) { return base == "0x" ? is_hex(c) : c >= '0' && c <= last; };
        return !text.empty() && std::all_of(text.begin(), text.end(), digit);
    }
    return all_digits(text);
}

// digits [. digits] [e digits], with at least one digit; ".inf" and ".nan".
bool is_float(std::string_view text) {
    text = without_sign(text);
    for (const std::string_view special : {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"}) {
        if (text == special) {
            return true;
        }
    }
    const std::size_t exponent = text.find_first_of("eE");
    if (exponent != std::string_view::npos && !all_digits(without_sign(text.substr(exponent + 1)))) {
        return false;
    }
    std::string_view mantissa = text.substr(0, exponent);
    const std::size_t dot = mantissa.find('.');
    if (dot == std::string_view::npos) {
        return all_digits(mantissa);
    }
    const std::string_view whole = mantissa.substr(0, dot);
    const std::string_view part = mantissa.substr(dot + 1);
    return (all_digits(whole) || (whole.empty() && all_digits(part))) && (part.empty() || all_digits(part));
}

constexpr std::array<std::string_view, 18> kBools = {"true", "True", "TRUE", "false", "False", "FALSE", "yes", "Yes", "YES",
                                                     "no",   "No",   "NO",   "on",    "On",    "ON",    "off", "Off", "OFF"};

}  // namespace

Node::ScalarType Node::scalar_type() const {
    if (quoted_ || text_.empty()) {
        return ScalarType::kText;
    }
    if (std::find(kBools.begin(), kBools.end(), text_) != kBools.end()) {
        return ScalarType::kBool;
    }
    const bool starts_like_number = is_digit(text_.front()) || text_.front() == '-' || text_.front() == '+' || text_.front() == '.';
    const std::string number = starts_like_number ? without_underscores(text_) : std::string();
    if (is_integer(number)) {
        return ScalarType::kInteger;
    }
    return is_float(number) ? ScalarType::kFloat : ScalarType::kText;
}

const Node* Node::find(std::string_view key) const {
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const MapEntry& entry) { return entry.key == key; });
    return found == entries_.end() ? nullptr : &found->value;
}

std::string Node::describe() const {
    constexpr std::size_t kShown = 80;
    const std::string shown = text_.size() <= kShown ? text_ : text_.substr(0, kShown) + "…";
    switch (kind_) {
        case Kind::kNull: return "nothing";
        case Kind::kMap: return "a map";
        case Kind::kSequence: return "a list";
        case Kind::kScalar: break;
    }
    switch (scalar_type()) {
        case ScalarType::kBool: return "the true/false value " + shown;
        case ScalarType::kInteger:
        case ScalarType::kFloat: return "the number " + shown;
        case ScalarType::kText: break;
    }
    return "\"" + shown + "\"";
}

ParseOutcome parse_documents(const std::string& path, std::string_view content) {
    if (content.size() > kMaxPolicyFileBytes) {
        ParseOutcome out;
        out.problems.push_back({{path, 0, 0},
                                Problem::Severity::kError,
                                "",
                                "the file has more than " + std::to_string(kMaxPolicyFileBytes) + " bytes; split it"});
        return out;
    }
    constexpr std::string_view kJson = ".json";
    const bool json = path.size() >= kJson.size() && path.compare(path.size() - kJson.size(), kJson.size(), kJson) == 0;
    return json ? read_json(path, content) : read_yaml(path, content);
}

}  // namespace namegate::policy

// SPDX-License-Identifier: Apache-2.0
#include "support/documented_json.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace namegate::test {

namespace {

using Json = nlohmann::ordered_json;

// "| `a.b` | text, optional | meaning |" split at the first three bars.
std::vector<std::string> cells_of(const std::string& line) {
    std::vector<std::string> out;
    std::istringstream in(line);
    std::string cell;
    for (std::getline(in, cell, '|'); out.size() < 2 && std::getline(in, cell, '|');) {
        const std::size_t begin = cell.find_first_not_of(" `");
        out.push_back(begin == std::string::npos ? "" : cell.substr(begin, cell.find_last_not_of(" `") - begin + 1));
    }
    return out;
}

bool has_type(const Json& value, const std::string& type) {
    const std::string either = " or " + type + " or ";  // "true or false" is one type
    const auto is = [&either](const char* name) { return either.find(std::string(" or ") + name + " or ") != std::string::npos; };
    switch (value.type()) {
        case Json::value_t::null: return is("null");
        case Json::value_t::boolean: return is("true or false");
        case Json::value_t::string: return is("text");
        case Json::value_t::array: return is("list");
        case Json::value_t::object: return is("object");
        default: return is("number");
    }
}

}  // namespace

DocumentedJson::DocumentedJson(const std::string& document, const std::string& command) {
    std::ifstream in(document);
    bool inside = false;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("## ")) {
            inside = line == "## " + command;
        } else if (inside && line.starts_with("| `")) {
            const std::vector<std::string> cells = cells_of(line);
            const std::size_t comma = cells[1].find(", optional");
            fields_[cells[0]] = {cells[1].substr(0, comma), comma != std::string::npos};
        }
    }
    if (fields_.empty()) {
        throw std::runtime_error(document + " does not describe " + command);
    }
    fields_["formatVersion"] = {"number", false};
}

std::vector<std::string> DocumentedJson::check(const Json& output) {
    std::vector<std::string> out;
    if (!output.is_object() || output.value("formatVersion", 0) != 1) {
        return {"it is not an object with formatVersion 1"};
    }
    check_members("", output, out);
    return out;
}

void DocumentedJson::check_members(const std::string& path, const Json& object, std::vector<std::string>& out) {
    const std::string begin = path.empty() ? "" : path + ".";
    const bool is_map = fields_.count(begin + "*") != 0;
    for (const auto& member : object.items()) {
        check_value(begin + (is_map ? "*" : member.key()), member.value(), out);
    }
    // Every field that belongs to this object.
    for (const auto& [name, field] : fields_) {
        const bool is_member = name.starts_with(begin) && name.find_first_of(".[", begin.size()) == std::string::npos && !is_map;
        if (is_member && !field.optional && !object.contains(name.substr(begin.size()))) {
            out.push_back(name + " is missing");
        }
    }
}

void DocumentedJson::check_value(const std::string& path, const Json& value, std::vector<std::string>& out) {
    const auto known = fields_.find(path);
    // An entry of a list of objects has no row of its own.
    const bool is_entry = path.ends_with("[]") && known == fields_.end() && value.is_object();
    if (known == fields_.end() && !is_entry) {
        out.push_back(path + " is not described");
        return;
    }
    if (!is_entry && !has_type(value, known->second.type)) {
        out.push_back(path + " is not " + known->second.type + ": " + value.dump().substr(0, 80));
    }
    seen_.insert(path);
    if (value.is_object()) {
        check_members(path, value, out);
    }
    for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) {
        check_value(path + "[]", value[i], out);
    }
}

std::vector<std::string> DocumentedJson::unseen() const {
    std::vector<std::string> out;
    for (const auto& [name, field] : fields_) {
        if (!field.optional && seen_.count(name) == 0) {
            out.push_back(name);
        }
    }
    return out;
}

}  // namespace namegate::test

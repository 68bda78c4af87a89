// SPDX-License-Identifier: Apache-2.0
//
// Compares JSON output with its description in docs/api-json.md. Blocks on the disk when it is made.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace namegate::test {

class DocumentedJson {
  public:
    // `command`: the heading of its section. Throws if there is no such section.
    DocumentedJson(const std::string& document, const std::string& command);

    // What of the output the document does not describe, or describes otherwise: a line for each.
    std::vector<std::string> check(const nlohmann::ordered_json& output);
    // The fields that are not called optional and that no output so far had.
    std::vector<std::string> unseen() const;

  private:
    struct Field {
        std::string type;  // "number or null"
        bool optional = false;
    };
    void check_value(const std::string& path, const nlohmann::ordered_json& value, std::vector<std::string>& out);
    void check_members(const std::string& path, const nlohmann::ordered_json& object, std::vector<std::string>& out);

    std::map<std::string, Field> fields_;
    std::set<std::string> seen_;
};

}  // namespace namegate::test

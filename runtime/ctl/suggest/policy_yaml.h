// SPDX-License-Identifier: Apache-2.0
//
// Suggested policies as YAML that `namegatectl check` accepts, with comments. Names, labels and times are untrusted: whatever they
// contain, the text is one valid document for each policy. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ctl/suggest/suggested_policy.h"

namespace namegate::ctl {

struct YamlOptions {
    bool staged = false;  // print the staged kinds
    bool missing_only = false;
    bool include_denied = false;
    // Rules in force that were never used, in words, by the policy's first endpoint.
    std::map<std::string, std::vector<std::string>> unused;
};

// Empty, if nothing is suggested.
std::string policies_yaml(const std::vector<SuggestedPolicy>& policies, const YamlOptions& options);

// Lines of a comment: "# text", made printable.
std::string comment_line(const std::string& text);

}  // namespace namegate::ctl

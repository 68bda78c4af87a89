// SPDX-License-Identifier: Apache-2.0
//
// Decodes the text of one policy file, or of one object of an API server, to resources. Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/model/problem.h"
#include "policy/model/resources.h"

namespace namegate::policy {

struct DecodeOutcome {
    std::vector<Resource> resources;
    Problems problems;  // with an error, the whole file is refused
};

// Parses and validates one file (V1-V6, and V7 within the file).
DecodeOutcome decode_file(const std::string& path, std::string_view content);

// The same for one object as JSON. Its problems and resources have no line: nobody sees this text.
DecodeOutcome decode_object(const std::string& path, std::string_view content);

}  // namespace namegate::policy

// SPDX-License-Identifier: Apache-2.0
//
// Takes out what may be a secret. It takes out too much rather than too little. Pure functions; safe from any thread; cannot fail.
#pragma once

#include <string>
#include <string_view>

#include "api/protocol.h"

namespace namegate::ctl {

inline constexpr std::string_view kRemoved = "(removed)";

// Does the name of a setting, variable or label say that its value is a secret?
bool names_secret(std::string_view name);

// Removes from each line: the rest behind a word such as "token" and a ":" or "="; what follows "Bearer"; user and password of a URL;
// JSON Web Tokens; words of 32 characters or more that look drawn at random; and PEM blocks.
std::string redact_text(std::string_view text);

// The values of all annotations, the values of names_secret(), and redact_text() of the other texts.
api::Json redact_json(const api::Json& json);

// The settings that namegate knows, as JSON. Of other keys only that there are some, and no comments.
api::Json redact_settings(const std::string& path, std::string_view content);

}  // namespace namegate::ctl

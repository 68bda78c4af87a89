// SPDX-License-Identifier: Apache-2.0
//
// The cells of a rule in tables. Pure; safe from any thread.
#pragma once

#include <string>

#include "api/replies/rules.h"

namespace namegate::ctl {

// "default/weather[1]" is the second rule of the policy. Empty for the end of a tier, which has no policy.
std::string policy_rule_of(const api::RuleItem& rule);
// "Allow to domains a.com; TLS names: require, QUIC allowed"
std::string rule_text_of(const api::RuleItem& rule);
// "/etc/a.yaml:3"
std::string place_text(const std::string& file, std::int64_t line);

}  // namespace namegate::ctl

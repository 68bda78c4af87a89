// SPDX-License-Identifier: Apache-2.0
#include "ctl/rule_text.h"

namespace namegate::ctl {

std::string policy_rule_of(const api::RuleItem& rule) {
    return rule.policy.empty() || rule.index < 0 ? rule.policy : rule.policy + "[" + std::to_string(rule.index) + "]";
}

std::string rule_text_of(const api::RuleItem& rule) {
    return rule.text + (rule.tls_names ? "; TLS names: " + *rule.tls_names : "") + (rule.quic == "allow" ? ", QUIC allowed" : "");
}

std::string place_text(const std::string& file, std::int64_t line) {
    return file.empty() || line == 0 ? file : file + ":" + std::to_string(line);
}

}  // namespace namegate::ctl

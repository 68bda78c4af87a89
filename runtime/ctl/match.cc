// SPDX-License-Identifier: Apache-2.0
#include "ctl/match.h"

#include <cstddef>

#include "ctl/printable.h"
#include "dns/wire_name.h"
#include "policy/model/domain_pattern.h"
#include "policy/model/selector.h"

namespace namegate::ctl {

namespace {

using policy::DomainPattern;

// Why the pattern does not match: answers the most common wrong expectation of its kind.
std::string why_not(const DomainPattern& pattern, const std::string& name) {
    switch (pattern.kind()) {
        case DomainPattern::Kind::kExact:
            return "a pattern without \"*\" matches that one name; \"*." + std::string(pattern.text()) + "\" matches the names below it";
        case DomainPattern::Kind::kWildcard:
            if (pattern.text() == "*." + name) {
                return "\"*\" stands for at least one label; add \"" + name + "\" as a pattern of its own";
            }
            break;
        case DomainPattern::Kind::kMiddle: break;
    }
    return "\"*\" stands for one or more whole labels, and all other labels must be equal";
}

// Reads a name as people write it, or with backslash escapes as `namegatectl dns` prints them.
Result<std::string> read_name(const std::string& text) {
    if (text.find('\\') == std::string::npos) {
        return policy::normalise_name(text);
    }
    NG_ASSIGN(const std::string wire, dns::text_to_wire(text));
    return dns::wire_to_text(wire);
}

}  // namespace

Result<policy::Labels> parse_labels(const std::vector<std::string>& texts) {
    policy::Labels labels;
    for (const std::string& text : texts) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos || equals == 0) {
            return Error(Code::kInvalidInput, "\"" + text + "\" is not a label; write key=value");
        }
        if (!labels.emplace(text.substr(0, equals), text.substr(equals + 1)).second) {
            return Error(Code::kInvalidInput, "the label \"" + text.substr(0, equals) + "\" is given twice");
        }
    }
    return labels;
}

int run_selector(const Context& context) {
    const std::vector<std::string>& operands = context.arguments.operands;
    const auto selector = policy::Selector::parse(operands.front());
    if (!selector) {
        return fail(context.environment, kUsage, "the selector is invalid: " + selector.error().message());
    }
    const auto labels = parse_labels({operands.begin() + 1, operands.end()});
    if (!labels) {
        return fail(context.environment, kUsage, labels.error().message());
    }
    const bool matches = selector->matches(*labels);
    if (context.json()) {
        api::Json shown = api::Json::object();
        for (const auto& label : *labels) {
            shown[label.first] = label.second;
        }
        print_json(context, {{"matches", matches}, {"selector", selector->to_string()}, {"labels", shown}});
    } else {
        context.out() << (matches ? "yes: " : "no: ") << printable(selector->to_string()) << (matches ? " matches" : " does not match")
                      << (labels->empty() ? " an endpoint without labels" : " these labels") << '\n';
    }
    return matches ? kYes : kNo;
}

int run_domain(const Context& context) {
    const auto pattern = DomainPattern::parse(context.arguments.operands[0]);
    if (!pattern) {
        return fail(context.environment, kUsage, "the pattern is invalid: " + pattern.error().message());
    }
    const auto name = read_name(context.arguments.operands[1]);
    if (!name) {
        return fail(context.environment, kUsage, "the name is invalid: " + name.error().message());
    }
    const bool matches = pattern->matches(*name);
    const std::string why = matches ? std::string() : why_not(*pattern, *name);
    if (context.json()) {
        print_json(context, {{"matches", matches}, {"pattern", pattern->text()}, {"name", *name}, {"why", why}});
    } else {
        context.out() << (matches ? "yes: " : "no: ") << printable(pattern->text()) << (matches ? " matches " : " does not match ")
                      << printable(*name) << (matches ? "" : "; ") << printable(why) << '\n';
    }
    return matches ? kYes : kNo;
}

}  // namespace namegate::ctl

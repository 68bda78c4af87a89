// SPDX-License-Identifier: Apache-2.0
//
// Selectors: the canonical text has the same meaning and is its own canonical text.
#include "policy/model/selector.h"

#include "fuzz/target.h"

using namespace namegate;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    const auto located = policy::Selector::parse_located(text);
    if (const auto* error = std::get_if<policy::SelectorError>(&located)) {
        fuzz::require(error->offset <= size, "the place of an error is inside the text");
        fuzz::require(!error->message.empty(), "an error has a message");
        return 0;
    }
    const auto& selector = std::get<policy::Selector>(located);
    const std::string canonical = selector.to_string();
    const auto again = policy::Selector::parse(canonical);
    // The canonical text has more parentheses and spaces than a text at the limits may have had.
    if (!again && (canonical.size() > policy::kMaxSelectorBytes || canonical.size() > 2 * size)) {
        return 0;
    }
    fuzz::require(again.has_value(), "the canonical text is a selector");
    fuzz::require(again->to_string() == canonical, "the canonical text is its own canonical text");
    const policy::Labels some{{"a", "b"}, {"app", "weather-app"}, {"color", "red"}, {"x/y.z_w-1", ""}};
    fuzz::require(selector.matches(some) == again->matches(some), "the canonical text has the same meaning");
    fuzz::require(selector.matches({}) == again->matches({}), "without labels, too");
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
//
// A list in a sentence for people: "a, b and 3 more". Pure; cannot fail.
#pragma once

#include <cstddef>
#include <string>

namespace namegate {

// The first `most` entries as `text` has them.
template <typename Entries, typename Text>
std::string listed(const Entries& entries, std::size_t most, const Text& text) {
    std::string out;
    std::size_t shown = 0;
    for (const auto& entry : entries) {
        if (shown == most) {
            return out + " and " + std::to_string(entries.size() - most) + " more";
        }
        out += (shown++ == 0 ? "" : ", ") + text(entry);
    }
    return out;
}

// Of texts.
template <typename Entries>
std::string listed(const Entries& entries, std::size_t most) {
    return listed(entries, most, [](const std::string& text) { return text; });
}

}  // namespace namegate

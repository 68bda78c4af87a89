// SPDX-License-Identifier: Apache-2.0
//
// A list as text for people: "a, b and 3 more". Pure; cannot fail.
#pragma once

#include <cstddef>
#include <string>

namespace namegate {

// Shows at most `most` entries, each as `text(entry)`.
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

// The same for entries that are strings.
template <typename Entries>
std::string listed(const Entries& entries, std::size_t most) {
    return listed(entries, most, [](const std::string& text) { return text; });
}

}  // namespace namegate

// SPDX-License-Identifier: Apache-2.0
//
// The names of something, the last ones only. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace namegate::daemon {

// Makes the name the last one of `names`, of which at most `most` stay.
inline void note_name(std::vector<std::string>& names, const std::string& name, std::size_t most) {
    if (!names.empty() && names.back() == name) {
        return;
    }
    std::erase(names, name);
    if (names.size() >= most) {
        names.erase(names.begin());
    }
    names.push_back(name);
}

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
//
// How deeply JSON text is nested, counted before a parser reads it: the parser recurses, and deeply nested values are expensive to
// copy and to free. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace namegate {

// Whether objects and arrays are nested more than `levels` deep. The text need not be valid.
inline bool is_nested_deeper(std::string_view json, int levels) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_string) {
            if (c == '\\') {
                ++i;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > levels) {
                return true;
            }
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return false;
}

}  // namespace namegate

// SPDX-License-Identifier: Apache-2.0
#include "base/identifiers.h"

#include <algorithm>

namespace namegate {
namespace {

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

}  // namespace

bool is_identifier(std::string_view text) {
    if (text.empty() || text.size() > kMaxIdentifierBytes || !is_alphanumeric(text.front())) {
        return false;
    }
    return std::all_of(text.begin(), text.end(), [](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_interface_name(std::string_view text) {
    if (text.empty() || text.size() > kMaxInterfaceNameBytes || text == "." || text == "..") {
        return false;
    }
    return text.find_first_of("/: \t\n\v\f\r") == std::string_view::npos;
}

bool is_object_name(std::string_view text, std::size_t max_bytes) {
    return !text.empty() && text.size() <= max_bytes &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string_view::npos;
}

}  // namespace namegate

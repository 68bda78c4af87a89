// SPDX-License-Identifier: Apache-2.0
//
// Converts domain names between wire form (length-prefixed labels of any bytes) and canonical text: lower case, without a
// trailing dot; bytes that are not printable ASCII, and dots and backslashes inside a label, are written as `\DDD`. So a
// dot in the text is always a label boundary, and two names are equal exactly if their texts are. Pure functions. A
// malformed name is kInvalidInput, one that is too long is kExhausted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace namegate::dns {

inline constexpr std::size_t kMaxLabelBytes = 63;
inline constexpr std::size_t kMaxNameBytes = 255;  // on the wire, root label included

// `wire` is exactly one uncompressed name, with its root label. The text of the root is "".
Result<std::string> wire_to_text(std::string_view wire);

// Accepts upper case, one trailing dot, `\DDD` and `\c`; "" and "." are the root.
Result<std::string> text_to_wire(std::string_view text);

// Returns the labels in wire form, leftmost first.
Result<std::vector<std::string>> wire_labels(std::string_view text);

// Returns the labels as texts, leftmost first. `text` must be canonical.
std::vector<std::string_view> text_labels(std::string_view text);

}  // namespace namegate::dns

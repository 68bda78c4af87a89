// SPDX-License-Identifier: Apache-2.0
//
// Domain names between the wire (length-prefixed labels, any byte inside) and canonical text: lower case,
// no trailing dot, and every byte that is not a printable ASCII character, and dots and backslashes inside
// a label, written as `\DDD`. So a dot in the text is always a label boundary, and two names are equal
// exactly when their texts are. Pure functions; a malformed name is kInvalidInput, one too long kExhausted.
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

// `wire` is one whole uncompressed name, its root label last. The root itself is "".
Result<std::string> wire_to_text(std::string_view wire);

// Takes upper case, one trailing dot, `\DDD` and `\c`; "" and "." are the root.
Result<std::string> text_to_wire(std::string_view text);

// The labels as bytes, leftmost first.
Result<std::vector<std::string>> wire_labels(std::string_view text);

// The labels' texts, leftmost first. `text` is canonical.
std::vector<std::string_view> text_labels(std::string_view text);

}  // namespace namegate::dns

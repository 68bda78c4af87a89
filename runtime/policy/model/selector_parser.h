// SPDX-License-Identifier: Apache-2.0
//
// Parses the selector grammar (S1, S3, S4) to a tree. For Selector only. Pure; errors are values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "policy/model/selector.h"

namespace namegate::policy {

using SelectorNodePtr = std::shared_ptr<const SelectorNode>;

struct SelectorNode {
    enum class Op : std::uint8_t {
        kAll,
        kGlobal,
        kHas,
        kEquals,
        kNotEquals,
        kIn,
        kNotIn,
        kContains,
        kStartsWith,
        kEndsWith,
        kNot,
        kAnd,
        kOr,
    };

    Op op = Op::kAll;
    std::string label;                      // of a comparison or has()
    std::vector<std::string> values;        // one value, or the set of kIn and kNotIn: sorted, without duplicates
    std::vector<SelectorNodePtr> children;  // kNot: one; kAnd, kOr: two or more, none with the same op
};

std::variant<SelectorNodePtr, SelectorError> parse_selector(std::string_view text);

}  // namespace namegate::policy

// SPDX-License-Identifier: Apache-2.0
//
// Label selectors (rules S1-S7): parsed once into an immutable tree that all copies share, so that a copy
// is cheap and may be used from any thread. Parsing reports errors as values, with their position.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "policy/model/label_gaps.h"

namespace namegate::policy {

using Labels = std::map<std::string, std::string, std::less<>>;

inline constexpr std::size_t kMaxSelectorBytes = 16 * 1024;
inline constexpr int kMaxSelectorDepth = 64;  // nested parentheses

struct SelectorError {
    std::size_t offset = 0;  // 0-based byte position in the text
    std::string message;     // without the position
};

struct SelectorNode;

class Selector {
  public:
    // all()
    Selector();

    // The error's message starts with the position: "at character 5: …" (1-based).
    static Result<Selector> parse(std::string_view text);
    // The same with the position as a value, for callers that know where the text stands in a file.
    static std::variant<Selector, SelectorError> parse_located(std::string_view text);

    bool matches(const Labels& labels) const { return evaluate(labels, {}) == Truth::kTrue; }
    // The same where some labels are not known (S8). Decides each comparison on its own: an expression is kUnknown, too,
    // when only all of its parts together would tell, as in "has(a) || !has(a)".
    Truth evaluate(const Labels& labels, const LabelGaps& gaps) const;
    // Those that the text asks for, are not there, and are not known to be absent.
    std::vector<std::string_view> unknown_labels(const Labels& labels, const LabelGaps& gaps) const;

    // Canonical text; parsing it again gives the same selector.
    std::string to_string() const;
    bool is_all() const;     // exactly all() (or empty)
    bool is_global() const;  // exactly global()
    bool uses_global() const;
    // A label and value without which it matches nothing, if there is one to see; lives as long as the selector.
    std::optional<std::pair<std::string_view, std::string_view>> required_label() const;

    // The same selector over other labels: each `key` becomes `<prefix>key` and all() becomes
    // has(`all_label`), global() becomes !has(`all_label`). For namespaceSelector and serviceAccountSelector (S6).
    Selector with_prefix(std::string_view prefix, std::string_view all_label) const;

    bool operator==(const Selector& other) const { return to_string() == other.to_string(); }

  private:
    explicit Selector(std::shared_ptr<const SelectorNode> root);
    std::shared_ptr<const SelectorNode> root_;
};

}  // namespace namegate::policy

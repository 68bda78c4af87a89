// SPDX-License-Identifier: Apache-2.0
//
// Label selectors (S1-S7), parsed into an immutable tree that all copies share, so that a copy is cheap and safe to use
// from any thread. Parsing returns errors as values, with their position.
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
    // The same with the position as a value, for callers that know the position of the text in a file.
    static std::variant<Selector, SelectorError> parse_located(std::string_view text);

    bool matches(const Labels& labels) const { return evaluate(labels, {}) == Truth::kTrue; }
    // The same with unknown labels (S8). Evaluates each comparison separately, so that an expression such as
    // "has(a) || !has(a)" is kUnknown although it is always true.
    Truth evaluate(const Labels& labels, const LabelGaps& gaps) const;
    // Returns the labels in the selector that are neither in `labels` nor known to be absent.
    std::vector<std::string_view> unknown_labels(const Labels& labels, const LabelGaps& gaps) const;

    // Returns the canonical text, which parses to the same selector.
    std::string to_string() const;
    bool is_all() const;     // exactly all() (or empty)
    bool is_global() const;  // exactly global()
    bool uses_global() const;
    // Returns a label and value that everything it matches must have: those of an ==, alone or as an operand of the outermost
    // &&. Nothing for any other selector. Valid as long as the selector.
    std::optional<std::pair<std::string_view, std::string_view>> required_label() const;

    // All such labels and values.
    std::vector<std::pair<std::string_view, std::string_view>> required_labels() const;

    // Returns the same selector over other labels: each `key` becomes `<prefix>key`, all() becomes has(`all_label`) and
    // global() becomes !has(`all_label`). For namespaceSelector and serviceAccountSelector (S6).
    Selector with_prefix(std::string_view prefix, std::string_view all_label) const;

    bool operator==(const Selector& other) const { return to_string() == other.to_string(); }

  private:
    explicit Selector(std::shared_ptr<const SelectorNode> root);
    std::shared_ptr<const SelectorNode> root_;
};

}  // namespace namegate::policy

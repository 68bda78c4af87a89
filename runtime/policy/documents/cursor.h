// SPDX-License-Identifier: Apache-2.0
//
// A position in a document during decoding: the node, the path to it (for messages), and the list of problems. Lives on the
// stack; a child has a pointer to its parent. Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/documents/document.h"
#include "policy/model/problem.h"

namespace namegate::policy {

struct DecodeContext {
    std::string file;
    std::vector<std::string_view> lines;  // of the file's content
    Problems problems;
};

class Cursor {
  public:
    Cursor(DecodeContext& context, const Node& node) : context_(&context), node_(&node) {}

    const Node& node() const { return *node_; }
    DecodeContext& context() const { return *context_; }
    Place place() const { return node_->place(context_->file); }

    // Returns the field's value; nothing if it is absent or null.
    std::optional<Cursor> child(std::string_view key) const;
    Cursor child(const MapEntry& entry) const { return {this, entry.value, entry.key, 0}; }
    Cursor item(std::size_t index) const { return {this, node_->items()[index], {}, index}; }
    // Calls `visit(cursor)` for each item of the list field `key`; does nothing if it is not a list.
    template <typename Visit>
    void each(std::string_view key, Visit visit) const {
        if (const std::optional<Cursor> field = child(key); field && field->node().is_sequence()) {
            for (std::size_t i = 0; i < field->node().items().size(); ++i) {
                visit(field->item(i));
            }
        }
    }
    // Returns the text of a scalar field; nothing if it is absent, null or not a scalar.
    std::optional<std::string> text(std::string_view key) const;
    // "spec.egress[0].action"
    std::string path() const;

    void error(std::string message) const;
    // Reports an error of the field `key` of this map, at the place of the key if it exists.
    void field_error(std::string_view key, std::string message) const;
    // Reports an error at the byte `offset` of this scalar's text; at the scalar's place if the file escapes or folds the
    // text.
    void error_inside(std::size_t offset, std::string message) const;
    void warning(std::string message) const;

  private:
    Cursor(const Cursor* parent, const Node& node, std::string_view key, std::size_t index)
        : context_(parent->context_), node_(&node), parent_(parent), key_(key), index_(index) {}
    void report(Place place, Problem::Severity severity, std::string field, std::string message) const;

    DecodeContext* context_;
    const Node* node_;
    const Cursor* parent_ = nullptr;
    std::string_view key_;  // empty for an item of a list
    std::size_t index_ = 0;
};

}  // namespace namegate::policy

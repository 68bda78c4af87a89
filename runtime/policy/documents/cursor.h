// SPDX-License-Identifier: Apache-2.0
//
// A place in a document while it is decoded: the node, the way to it (for messages), and where problems
// are collected. Lives on the stack; a child points to its parent. Not thread-safe.
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

    // The field's value; nothing when it is absent or null.
    std::optional<Cursor> child(std::string_view key) const;
    Cursor child(const MapEntry& entry) const { return {this, entry.value, entry.key, 0}; }
    Cursor item(std::size_t index) const { return {this, node_->items()[index], {}, index}; }
    // Calls `visit(cursor)` for each item of the list field `key`; nothing when it is no list.
    template <typename Visit>
    void each(std::string_view key, Visit visit) const {
        if (const std::optional<Cursor> field = child(key); field && field->node().is_sequence()) {
            for (std::size_t i = 0; i < field->node().items().size(); ++i) {
                visit(field->item(i));
            }
        }
    }
    // The text of a scalar field; nothing when absent, null or something else.
    std::optional<std::string> text(std::string_view key) const;
    // "spec.egress[0].action"
    std::string path() const;

    void error(std::string message) const;
    // About the field `key` of this map, at its key if it is there.
    void field_error(std::string_view key, std::string message) const;
    // About the byte `offset` of this scalar's text, as exactly as the file's text allows.
    void error_inside(std::size_t offset, std::string message) const;
    void warning(std::string message) const;

  private:
    Cursor(const Cursor* parent, const Node& node, std::string_view key, std::size_t index)
        : context_(parent->context_), node_(&node), parent_(parent), key_(key), index_(index) {}
    void report(Place place, Problem::Severity severity, std::string field, std::string message) const;

    DecodeContext* context_;
    const Node* node_;
    const Cursor* parent_ = nullptr;
    std::string_view key_;  // empty: an item of a list
    std::size_t index_ = 0;
};

}  // namespace namegate::policy

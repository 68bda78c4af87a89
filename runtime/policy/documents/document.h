// SPDX-License-Identifier: Apache-2.0
//
// YAML and JSON files as trees of nodes that know their places: the one decoder under policies and the
// configuration. Nodes are values without links to the parser; a finished tree may be read from any
// thread. Nothing throws; what is wrong comes back as problems. Sizes are bounded (below).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/model/problem.h"

namespace namegate::policy {

inline constexpr std::size_t kMaxPolicyFileBytes = 4UL * 1024 * 1024;
inline constexpr std::size_t kMaxDocumentDepth = 64;
inline constexpr std::size_t kMaxDocumentNodes = 1'000'000;  // of one file, aliases expanded

class Node;
struct MapEntry;

class Node {
  public:
    enum class Kind : std::uint8_t { kNull, kScalar, kMap, kSequence };
    // What a plain scalar is to YAML as Kubernetes reads it; a quoted one is always text.
    enum class ScalarType : std::uint8_t { kText, kBool, kInteger, kFloat };

    Kind kind() const { return kind_; }
    bool is_null() const { return kind_ == Kind::kNull; }
    bool is_scalar() const { return kind_ == Kind::kScalar; }
    bool is_map() const { return kind_ == Kind::kMap; }
    bool is_sequence() const { return kind_ == Kind::kSequence; }

    // Of a scalar: its text, whether it was in quotes (or a block scalar), and its type.
    const std::string& text() const { return text_; }
    bool quoted() const { return quoted_; }
    ScalarType scalar_type() const;

    const std::vector<MapEntry>& entries() const { return entries_; }  // in the file's order
    const std::vector<Node>& items() const { return items_; }
    // The value of a map's key, or null.
    const Node* find(std::string_view key) const;

    int line() const { return line_; }
    int column() const { return column_; }
    Place place(const std::string& file) const { return {file, line_, column_}; }

    // "text", "the number 5", "a map", …: for messages.
    std::string describe() const;

  private:
    friend class NodeMaker;
    Kind kind_ = Kind::kNull;
    bool quoted_ = false;
    int line_ = 0;
    int column_ = 0;
    std::string text_;
    std::vector<MapEntry> entries_;
    std::vector<Node> items_;
};

struct MapEntry {
    std::string key;
    int line = 0;  // of the key
    int column = 0;
    Node value;
};

struct ParseOutcome {
    std::vector<Node> documents;  // empty documents are left out
    Problems problems;            // any error: do not use the documents
};

// A name that ends in .json is read as strict JSON (one document), any other as YAML (several).
ParseOutcome parse_documents(const std::string& path, std::string_view content);

}  // namespace namegate::policy

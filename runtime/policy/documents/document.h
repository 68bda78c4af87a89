// SPDX-License-Identifier: Apache-2.0
//
// Parses YAML and JSON files to trees of nodes with places; used for policies and the configuration. Nodes are values
// independent of the parser; a finished tree may be read from any thread. Nothing throws; errors are returned as problems.
// Sizes are limited as below.
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
    // The type of a plain scalar in YAML as Kubernetes reads it. A quoted scalar is always text.
    enum class ScalarType : std::uint8_t { kText, kBool, kInteger, kFloat };

    Kind kind() const { return kind_; }
    bool is_null() const { return kind_ == Kind::kNull; }
    bool is_scalar() const { return kind_ == Kind::kScalar; }
    bool is_map() const { return kind_ == Kind::kMap; }
    bool is_sequence() const { return kind_ == Kind::kSequence; }

    // Of a scalar: its text, whether it was quoted or a block scalar, and its type.
    const std::string& text() const { return text_; }
    bool quoted() const { return quoted_; }
    ScalarType scalar_type() const;

    const std::vector<MapEntry>& entries() const { return entries_; }  // in the order of the file
    const std::vector<Node>& items() const { return items_; }
    // Returns the value of a map's key, or null.
    const Node* find(std::string_view key) const;

    int line() const { return line_; }
    int column() const { return column_; }
    Place place(const std::string& file) const { return {file, line_, column_}; }

    // For messages: "\"text\"", "the number 5", "a map".
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
    std::vector<Node> documents;  // without empty ones
    Problems problems;            // with an error, the documents must not be used
};

// Parses a file whose name ends in .json as strict JSON (one document), and any other as YAML (several documents).
ParseOutcome parse_documents(const std::string& path, std::string_view content);

}  // namespace namegate::policy

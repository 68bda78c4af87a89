// SPDX-License-Identifier: Apache-2.0
//
// Builds the node tree of a file from the events of a YAML or JSON parser, within the limits of document.h. Ignores all
// events after the first problem. Not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "policy/documents/document.h"

namespace namegate::policy {

struct Mark {
    int line = 0;
    int column = 0;
};

class NodeMaker {
  public:
    static Node make(Node::Kind kind, Mark mark, std::string text = {}, bool quoted = false);
    static std::vector<MapEntry>& entries(Node& node) { return node.entries_; }
    static std::vector<Node>& items(Node& node) { return node.items_; }
};

class TreeBuilder {
  public:
    using Anchor = std::size_t;  // 0: none

    explicit TreeBuilder(std::string file) : file_(std::move(file)) {}

    void null(Mark mark, Anchor anchor = 0);
    void scalar(Mark mark, std::string text, bool quoted, Anchor anchor = 0);
    void begin(Node::Kind kind, Mark mark, Anchor anchor = 0);
    void end();
    void alias(Mark mark, Anchor anchor);
    void end_document();

    void fail(Mark mark, std::string message);
    bool failed() const { return !outcome_.problems.empty(); }
    ParseOutcome take() { return std::move(outcome_); }

  private:
    struct Frame {
        Node node;
        Anchor anchor = 0;
        bool has_key = false;
        std::string key;
        Mark key_mark;
        bool merges = false;  // the key is a merge key
        std::set<std::string> keys;
        std::vector<Node> merged;  // maps to merge; the map's own fields win over theirs, and those of an earlier one over a later one's
    };
    struct Anchored {
        Node node;
        std::size_t size = 0;
        std::size_t height = 0;
    };

    bool count(std::size_t nodes, Mark mark);
    void attach(Node node);
    void set_key(Frame& frame, const Node& node);
    void add_merged(Frame& frame, Node node);
    static void merge(Frame& frame);
    void remember(Anchor anchor, const Node& node);

    std::string file_;
    std::vector<Frame> stack_;
    std::map<Anchor, Anchored> anchors_;
    std::size_t nodes_ = 0;
    ParseOutcome outcome_;
};

}  // namespace namegate::policy

// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/tree_builder.h"

#include <algorithm>

namespace namegate::policy {
namespace {

std::size_t size_of(const Node& node) {
    std::size_t size = 1;
    for (const MapEntry& entry : node.entries()) {
        size += size_of(entry.value);
    }
    for (const Node& item : node.items()) {
        size += size_of(item);
    }
    return size;
}

std::size_t height_of(const Node& node) {
    std::size_t below = 0;
    for (const MapEntry& entry : node.entries()) {
        below = std::max(below, height_of(entry.value));
    }
    for (const Node& item : node.items()) {
        below = std::max(below, height_of(item));
    }
    return node.is_map() || node.is_sequence() ? below + 1 : 0;
}

Mark mark_of(const Node& node) { return {node.line(), node.column()}; }

}  // namespace

Node NodeMaker::make(Node::Kind kind, Mark mark, std::string text, bool quoted) {
    Node node;
    node.kind_ = kind;
    node.line_ = mark.line;
    node.column_ = mark.column;
    node.text_ = std::move(text);
    node.quoted_ = quoted;
    return node;
}

void TreeBuilder::fail(Mark mark, std::string message) {
    if (!failed()) {
        outcome_.problems.push_back({{file_, mark.line, mark.column}, Problem::Severity::kError, "", std::move(message)});
        outcome_.documents.clear();
    }
}

bool TreeBuilder::count(std::size_t nodes, Mark mark) {
    nodes_ += nodes;
    if (nodes_ > kMaxDocumentNodes) {
        fail(mark, "the file has more than " + std::to_string(kMaxDocumentNodes) + " values, aliases expanded; split it");
    }
    return !failed();
}

void TreeBuilder::null(Mark mark, Anchor anchor) {
    if (failed() || !count(1, mark)) {
        return;
    }
    Node node = NodeMaker::make(Node::Kind::kNull, mark);
    remember(anchor, node);
    attach(std::move(node));
}

void TreeBuilder::scalar(Mark mark, std::string text, bool quoted, Anchor anchor) {
    if (failed() || !count(1, mark)) {
        return;
    }
    Node node = NodeMaker::make(Node::Kind::kScalar, mark, std::move(text), quoted);
    remember(anchor, node);
    attach(std::move(node));
}

void TreeBuilder::begin(Node::Kind kind, Mark mark, Anchor anchor) {
    if (failed() || !count(1, mark)) {
        return;
    }
    if (stack_.size() >= kMaxDocumentDepth) {
        fail(mark, "more than " + std::to_string(kMaxDocumentDepth) + " levels of maps and lists inside each other");
        return;
    }
    Frame frame;
    frame.node = NodeMaker::make(kind, mark);
    frame.anchor = anchor;
    stack_.push_back(std::move(frame));
}

void TreeBuilder::end() {
    if (failed() || stack_.empty()) {
        return;
    }
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    merge(frame);
    remember(frame.anchor, frame.node);
    if (!failed()) {
        attach(std::move(frame.node));
    }
}

void TreeBuilder::remember(Anchor anchor, const Node& node) {
    if (anchor == 0) {
        return;
    }
    const std::size_t size = size_of(node);
    if (count(size, mark_of(node))) {
        anchors_[anchor] = {node, size, height_of(node)};
    }
}

void TreeBuilder::alias(Mark mark, Anchor anchor) {
    if (failed()) {
        return;
    }
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
        fail(mark, "an alias is inside its own anchor");
        return;
    }
    if (stack_.size() + found->second.height > kMaxDocumentDepth) {
        fail(mark, "more than " + std::to_string(kMaxDocumentDepth) + " levels of maps and lists inside each other");
        return;
    }
    if (count(found->second.size, mark)) {
        attach(found->second.node);
    }
}

void TreeBuilder::set_key(Frame& frame, const Node& node) {
    if (!node.is_scalar()) {
        fail(mark_of(node), "a field's name must be text, not " + node.describe());
        return;
    }
    frame.merges = node.text() == "<<" && !node.quoted();
    if (!frame.keys.insert(node.text()).second) {
        fail(mark_of(node), "the field \"" + node.text() + "\" appears twice");
        return;
    }
    frame.has_key = true;
    frame.key = node.text();
    frame.key_mark = mark_of(node);
}

// Merged nodes need no count(): their alias, or the map itself, was counted.
void TreeBuilder::add_merged(Frame& frame, Node node) {
    const auto wrong = [this](const Node& given) {
        fail(mark_of(given), "a merge key (<<) needs a map or a list of maps, usually an alias, not " + given.describe());
    };
    if (node.is_map()) {
        frame.merged.push_back(std::move(node));
        return;
    }
    if (!node.is_sequence()) {
        wrong(node);
        return;
    }
    for (Node& item : NodeMaker::items(node)) {
        if (!item.is_map()) {
            wrong(item);
            return;
        }
        frame.merged.push_back(std::move(item));
    }
}

// At the end of a map, so that the map's own fields win wherever the merge key is.
void TreeBuilder::merge(Frame& frame) {
    for (Node& map : frame.merged) {
        for (MapEntry& entry : NodeMaker::entries(map)) {
            if (frame.keys.insert(entry.key).second) {
                NodeMaker::entries(frame.node).push_back(std::move(entry));
            }
        }
    }
}

void TreeBuilder::attach(Node node) {
    if (stack_.empty()) {
        if (!node.is_null()) {
            outcome_.documents.push_back(std::move(node));
        }
        return;
    }
    Frame& frame = stack_.back();
    if (frame.node.is_sequence()) {
        NodeMaker::items(frame.node).push_back(std::move(node));
    } else if (!frame.has_key) {
        set_key(frame, node);
    } else if (frame.merges) {
        add_merged(frame, std::move(node));
        frame.has_key = false;
    } else {
        NodeMaker::entries(frame.node).push_back({std::move(frame.key), frame.key_mark.line, frame.key_mark.column, std::move(node)});
        frame.has_key = false;
    }
}

void TreeBuilder::end_document() { anchors_.clear(); }

}  // namespace namegate::policy

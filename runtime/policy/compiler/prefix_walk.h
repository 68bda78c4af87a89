// SPDX-License-Identifier: Apache-2.0
//
// Walks prefixes from the widest to the narrowest, so that each inherits what its ancestors gave: how
// "the longest prefix carries all bits" is made in one pass over the sorted prefixes. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace namegate::policy {

template <typename Prefix>
struct PrefixItem {
    Prefix prefix;
    std::size_t source = 0;  // who brought it
};

// For each distinct prefix, parents first: a state is copied from its parent (or `start`), then
// `add(state, source)` is called for each item, then `emit(parent, state, prefix)`. `root` holds all others. Prefix needs <, ==
// and contains(); sorting by < must put a prefix right before those that it contains.
template <typename Prefix, typename State, typename Add, typename Emit>
void walk_prefixes(std::vector<PrefixItem<Prefix>> items, const Prefix& root, const State& start, Add add, Emit emit) {
    std::sort(items.begin(), items.end(),
              [](const auto& a, const auto& b) { return a.prefix < b.prefix || (a.prefix == b.prefix && a.source < b.source); });
    struct Level {
        Prefix prefix;
        State state;
    };
    std::vector<Level> stack;
    std::size_t i = 0;
    const auto open = [&](const Prefix& prefix) {
        Level level{prefix, stack.empty() ? start : stack.back().state};
        for (; i < items.size() && items[i].prefix == prefix; ++i) {
            add(level.state, items[i].source);
        }
        emit(stack.empty() ? nullptr : &stack.back().state, level.state, prefix);
        stack.push_back(std::move(level));
    };
    open(root);
    while (i < items.size()) {
        while (!stack.back().prefix.contains(items[i].prefix)) {
            stack.pop_back();
        }
        open(Prefix(items[i].prefix));
    }
}

}  // namespace namegate::policy

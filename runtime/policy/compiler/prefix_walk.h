// SPDX-License-Identifier: Apache-2.0
//
// Visits prefixes from the widest to the narrowest, so that each inherits the state of those that contain it. Then one
// longest-prefix lookup gives the bits of all matching prefixes. One pass over the sorted prefixes. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace namegate::policy {

template <typename Prefix>
struct PrefixItem {
    Prefix prefix;
    std::size_t source = 0;  // the caller's number for its origin
};

// For each distinct prefix, parents first: copies the state of the parent (or `start`), calls `add(state, source)` for each
// item and then `emit(parent, state, prefix)`; `parent` is null for the root. `root` must contain all prefixes. Prefix needs
// <, == and contains(); the order must put a prefix right before those that it contains.
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

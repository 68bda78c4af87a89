// SPDX-License-Identifier: Apache-2.0
//
// A map that knows in which order its entries were used last, so that the oldest can give way. Owns its values. One thread; cannot
// fail.
#pragma once

#include <cstddef>
#include <iterator>
#include <list>
#include <map>
#include <utility>

namespace namegate::daemon {

template <typename Key, typename Value>
class LatestMap {
  public:
    // The value of the key, which becomes the newest; a new one, if there was none.
    Value& use(const Key& key) {
        if (const auto known = by_key_.find(key); known != by_key_.end()) {
            order_.splice(order_.end(), order_, known->second);
            return known->second->second;
        }
        order_.emplace_back(key, Value());
        by_key_.emplace(key, std::prev(order_.end()));
        return order_.back().second;
    }
    // Null: there is none. The order stays.
    const Value* find(const Key& key) const {
        const auto known = by_key_.find(key);
        return known == by_key_.end() ? nullptr : &known->second->second;
    }
    // How many entries are gone: 0 or 1.
    std::size_t erase(const Key& key) {
        const auto known = by_key_.find(key);
        if (known == by_key_.end()) {
            return 0;
        }
        order_.erase(known->second);
        by_key_.erase(known);
        return 1;
    }
    // The map must not be empty.
    void drop_oldest() {
        by_key_.erase(order_.front().first);
        order_.pop_front();
    }
    std::size_t size() const { return order_.size(); }

  private:
    using Order = std::list<std::pair<Key, Value>>;

    Order order_;  // oldest first
    std::map<Key, typename Order::iterator> by_key_;
};

}  // namespace namegate::daemon

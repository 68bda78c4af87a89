// SPDX-License-Identifier: Apache-2.0
//
// Waiting work: one first-in, first-out queue for each endpoint. The endpoints are served in turn, one item each, so that an
// endpoint with many items does not delay the others. Owns the items. Their number is limited for each endpoint, their size
// for all endpoints together. Pure; one thread. Cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <utility>

namespace namegate::daemon {

struct QueueLimits {
    std::size_t items_per_endpoint = 4096;
    std::size_t bytes = std::size_t{16} * 1024 * 1024;  // of all endpoints together
    std::size_t guaranteed_items = 16;                  // of an endpoint: accepted even when `bytes` is reached
};

template <typename Item>
class FairQueue {
  public:
    explicit FairQueue(const QueueLimits& limits) : limits_(limits) {}

    // Whether an item of this size may be added for this endpoint.
    bool has_room(std::uint32_t endpoint, std::size_t bytes) const {
        const auto own = queues_.find(endpoint);
        const std::size_t waiting = own == queues_.end() ? 0 : own->second.size();
        return waiting < limits_.items_per_endpoint && (waiting < limits_.guaranteed_items || bytes_ + bytes <= limits_.bytes);
    }

    // Appends to the endpoint's queue. Does not check the limits: some callers limit their work by other means.
    void put(std::uint32_t endpoint, std::size_t bytes, Item item) {
        auto& own = queues_[endpoint];
        if (own.empty()) {
            turns_.push_back(endpoint);
        }
        own.emplace_back(bytes, std::move(item));
        bytes_ += bytes;
        ++size_;
    }

    // Removes and returns the first item of the endpoint whose turn it is. Empty when no item is waiting.
    std::optional<Item> pop() {
        if (turns_.empty()) {
            return std::nullopt;
        }
        const std::uint32_t endpoint = turns_.front();
        const auto own = queues_.find(endpoint);
        std::optional<Item> item(std::move(own->second.front().second));
        bytes_ -= own->second.front().first;
        --size_;
        own->second.pop_front();
        if (own->second.empty()) {
            turns_.pop_front();
            queues_.erase(own);
        } else {
            turns_.splice(turns_.end(), turns_, turns_.begin());
        }
        return item;
    }

    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    std::size_t bytes() const { return bytes_; }

  private:
    QueueLimits limits_;
    std::map<std::uint32_t, std::deque<std::pair<std::size_t, Item>>> queues_;  // none is empty
    std::list<std::uint32_t> turns_;                                            // endpoints that have a queue; the front one is next
    std::size_t size_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace namegate::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/dns/fair_queue.h"

#include <catch2/catch.hpp>
#include <string>

namespace namegate::test {
namespace {

using daemon::FairQueue;
using daemon::QueueLimits;

TEST_CASE("endpoints take turns, one piece of work each, and the work of one endpoint stays in order") {
    FairQueue<std::string> queue(QueueLimits{});
    for (int i = 0; i < 1000; ++i) {
        queue.put(1, 1, "flood" + std::to_string(i));
    }
    queue.put(2, 1, "first");
    queue.put(2, 1, "second");
    CHECK(queue.pop() == "flood0");
    CHECK(queue.pop() == "first");
    CHECK(queue.pop() == "flood1");
    CHECK(queue.pop() == "second");
    CHECK(queue.pop() == "flood2");
    // A new endpoint waits for one piece of every other one.
    queue.put(3, 1, "third");
    CHECK(queue.pop() == "flood3");
    CHECK(queue.pop() == "third");
}

TEST_CASE("waiting work is bounded per endpoint, and in total except for a few pieces of each") {
    QueueLimits limits;
    limits.items_per_endpoint = 10;
    limits.bytes = 500;
    limits.guaranteed_items = 2;
    FairQueue<int> queue(limits);
    while (queue.has_room(1, 50)) {
        queue.put(1, 50, 0);
    }
    CHECK(queue.size() == 10);
    CHECK(queue.bytes() == 500);
    while (queue.has_room(2, 50)) {
        queue.put(2, 50, 0);
    }
    CHECK(queue.size() == 12);
    while (queue.pop()) {
    }
    CHECK(queue.empty());
    CHECK(queue.bytes() == 0);
    CHECK(queue.has_room(1, 50));
}

}  // namespace
}  // namespace namegate::test

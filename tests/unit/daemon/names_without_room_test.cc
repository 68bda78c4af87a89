// SPDX-License-Identifier: Apache-2.0
#include "daemon/dns/names_without_room.h"

#include <catch2/catch.hpp>

using namespace namegate::daemon;
using Names = std::vector<std::string>;

TEST_CASE("a name without room is kept until its TTL ends, or a response is learned whole") {
    NamesWithoutRoom names;
    names.add(1, "a.test", 100);
    names.add(1, "b.test", 50);
    names.add(1, "a.test", 70);  // does not shorten it
    names.add(2, "c.test", 100);
    CHECK(names.of(1, 49) == Names{"a.test", "b.test"});
    CHECK(names.of(1, 50) == Names{"a.test"});
    CHECK(names.of(1, 100).empty());
    names.remove(1, "a.test");
    names.remove(3, "a.test");
    CHECK(names.of(1, 0) == Names{"b.test"});
    names.forget(1);
    CHECK(names.of(1, 0).empty());
    CHECK(names.of(2, 0) == Names{"c.test"});
}

TEST_CASE("the names without room of an endpoint are bounded: the oldest gives way") {
    NamesWithoutRoom names;
    for (std::size_t i = 0; i <= kMaxNamesWithoutRoom; ++i) {
        names.add(1, std::to_string(i), 100);
    }
    const Names kept = names.of(1, 0);
    REQUIRE(kept.size() == kMaxNamesWithoutRoom);
    CHECK(kept.front() == "1");
}

// SPDX-License-Identifier: Apache-2.0
#include "endpoints/host_interface_alias.h"

#include <catch2/catch.hpp>
#include <string>

namespace namegate::endpoints {
namespace {

TEST_CASE("the alias of a host interface names its attachment") {
    const auto owner = parse_alias(make_alias({"net", "c1", "eth0"}));
    REQUIRE(owner);
    CHECK(owner->network == "net");
    CHECK(owner->container_id == "c1");
    CHECK(owner->ifname == "eth0");
    CHECK(make_alias({"net", std::string(300, 'a'), "eth0"}).empty());
    for (const char* text : {"", "namegate", "namegate a b", "namegate a b c d", "other a b c", "namegate a b "}) {
        CHECK_FALSE(parse_alias(text));
    }
}

}  // namespace
}  // namespace namegate::endpoints

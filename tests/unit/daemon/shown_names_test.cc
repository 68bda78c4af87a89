// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "daemon/events/shown_names.h"

using namespace namegate;
using namespace namegate::daemon;

namespace {

ShownFlow flow(std::uint16_t local_port, const char* remote = "192.0.2.80") { return {*IpAddress::parse(remote), 443, local_port}; }
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the TLS name of a flow is known until it ends, those of its address longer") {
    ShownNames shown;
    shown.note(7, flow(1), "a.test");
    shown.note(7, flow(2), "b.test");
    shown.note(8, flow(1), "c.test");
    CHECK(shown.of_flow(7, flow(1)) == "a.test");
    CHECK(shown.of_flow(8, flow(1)) == "c.test");
    CHECK(shown.of_flow(7, flow(3)).empty());
    CHECK(shown.of_flow(9, flow(1)).empty());
    CHECK(shown.of_address(7, *IpAddress::parse("192.0.2.80")) == Names{"a.test", "b.test"});
    shown.flow_ended(7, flow(1));
    shown.flow_ended(7, flow(9));
    shown.flow_ended(9, flow(1));
    CHECK(shown.of_flow(7, flow(1)).empty());
    shown.note(7, flow(1), "a.test");
    CHECK(shown.of_address(7, *IpAddress::parse("192.0.2.80")) == Names{"b.test", "a.test"});
    CHECK(shown.of_address(7, *IpAddress::parse("192.0.2.81")).empty());
    shown.forget(7);
    CHECK(shown.of_flow(7, flow(2)).empty());
    CHECK(shown.size() == 2);
}

TEST_CASE("TLS names are limited: of an address, of an endpoint, of all") {
    ShownNames shown(4, 10);
    for (std::uint16_t i = 1; i <= 6; ++i) {
        shown.note(7, flow(i), "n" + std::to_string(i) + ".test");
    }
    CHECK(shown.of_flow(7, flow(2)).empty());
    CHECK(shown.of_flow(7, flow(3)) == "n3.test");
    CHECK(shown.of_address(7, *IpAddress::parse("192.0.2.80")) == Names{"n3.test", "n4.test", "n5.test", "n6.test"});
    CHECK(shown.size() == 5);
    for (std::uint16_t i = 1; i <= 20; ++i) {
        shown.note(8, flow(i), "x.test");
    }
    shown.note(9, flow(1), "y.test");
    CHECK(shown.size() <= 10);
    CHECK(shown.of_flow(9, flow(1)) == "y.test");
    CHECK(shown.of_flow(8, flow(20)) == "x.test");
}

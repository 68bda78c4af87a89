// SPDX-License-Identifier: Apache-2.0
#include "netlink/netns.h"

#include <catch2/catch.hpp>

#include "support/netns.h"

namespace namegate::test {

TEST_CASE("a thread enters a network namespace, and returns whatever happens to its work there") {
    const TestNetns pod;
    const auto netns = netlink::Netns::open(pod.path());
    const auto own = netlink::Netns::current();
    REQUIRE(netns);
    REQUIRE(own);
    const auto is_here = [](const netlink::Netns& wanted) {
        const auto current = netlink::Netns::current();
        return current && *wanted.is_same(*current);
    };
    REQUIRE_FALSE(is_here(*netns));

    bool inside = false;
    CHECK(netlink::in_netns(*netns, [&]() -> Result<> {
        inside = is_here(*netns);
        return netlink::write_sysctl("net/ipv4/ip_forward", "1");
    }));
    CHECK(inside);
    CHECK(is_here(*own));
    CHECK(must_run("ip netns exec " + pod.name() + " cat /proc/sys/net/ipv4/ip_forward") == "1\n");

    const auto failed = netlink::in_netns(*netns, [] { return Result<>(Error(Code::kExists, "told to fail")); });
    CHECK(failed.error().code() == Code::kExists);
    CHECK(is_here(*own));
    CHECK_THROWS_AS(static_cast<void>(netlink::in_netns(*netns, []() -> Result<> { throw std::runtime_error("out of it"); })),
                    std::runtime_error);
    CHECK(is_here(*own));

    CHECK(netlink::Netns::open(pod.path() + "-none").error().code() == Code::kNotFound);
    CHECK(netlink::Netns::open("/etc/hostname").error().code() == Code::kInvalidInput);
}

}  // namespace namegate::test

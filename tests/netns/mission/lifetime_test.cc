// SPDX-License-Identifier: Apache-2.0
// An address is open for its lifetime, with the daemon or without; a connection for as long as it lives.
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "site.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr std::uint32_t kTtl = 3;

// Connects again and again until it is denied; returns when a connection last began, in seconds.
double last_connected(const Pod& pod, const IpAddress& address) {
    const auto begin = SteadyClock::now();
    const auto elapsed = [&begin] { return std::chrono::duration<double>(SteadyClock::now() - begin).count(); };
    double last = -1;
    for (double before = 0; before < kTtl + 2; before = elapsed()) {
        if (!connects_from(pod.netns, address, kTcpPort, kDenied)) {
            // A delay of a busy machine is not a denial.
            if (!connects_from(pod.netns, address, kTcpPort, kDenied)) {
                return last;
            }
        }
        last = before;
        std::this_thread::sleep_for(Milliseconds(50));
    }
    return last;
}

}  // namespace

TEST_CASE("D13: an address closes within a second of its TTL, with the daemon and without; established connections stay") {
    const bool with_daemon = GENERATE(true, false);
    INFO(with_daemon);
    Site site;
    site.node.write_policy("policy.yaml", allow_domains("short", "all()", {"short.test"}));
    site.node.start_daemon();
    const auto pod = site.node.add({"pod", "default", {}});
    if (!with_daemon) {
        site.node.kill_daemon();
    }
    const IpAddress address = World::fresh_address(World::take_indexes(1), false);
    site.world.set_name("short.test", {address.to_string()}, kTtl);
    REQUIRE(resolve(*pod, "short.test"));
    const Fd kept = socket_inside(pod->netns, AF_INET, SOCK_STREAM);
    REQUIRE(connect_to(kept, address, kTcpPort, kBeforeRepeat).connected);
    const double last = last_connected(*pod, address);
    INFO("last open after " << last << " s");
    CHECK(last > kTtl * 0.4);
    CHECK(last < kTtl + 1.0);
    CHECK(echoes(kept, "still here", kPatience));
    CHECK_FALSE(connects_from(pod->netns, address, kTcpPort, kDenied));
    // Looked up again, open again.
    CHECK(reaches(*pod, "short.test"));
    site.node.remove(*pod);
    CHECK(site.node.state() == "");
}

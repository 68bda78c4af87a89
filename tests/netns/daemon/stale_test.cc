// SPDX-License-Identifier: Apache-2.0
// A daemon that does not know of a DEL yet. The test runs all of the daemon except the event loop, so that no request reaches it.
#include <catch2/catch.hpp>

#include "base/clock.h"
#include "daemon/node.h"
#include "datapath/endpoint_writer.h"
#include "node.h"

namespace namegate::test {

TEST_CASE("a policy that changes before the daemon knows of a DEL touches no slot that is free or of another endpoint") {
    DaemonNode files;
    files.write(files.policies() + "/a.yaml", deny_policy("one"));
    const TestNetns one;
    const TestNetns two;
    REQUIRE(files.cni("ADD", "gone", one.path()).status == 0);
    const SystemClock clock;
    const auto node = must(daemon::Node::open(must(config::load_config(files.config_path())), clock));
    REQUIRE(node->records().size() == 1);
    const endpoints::Record gone = node->records().begin()->second;
    REQUIRE(files.cni("DEL", "gone", one.path()).status == 0);

    files.write(files.policies() + "/b.yaml", deny_policy("two"));
    node->reload_policies();
    CHECK_FALSE(must(datapath::active_config(node->datapath(), gone.slot)));

    REQUIRE(files.cni("ADD", "next", two.path()).status == 0);
    const auto before = must(datapath::active_config(node->datapath(), gone.slot));
    REQUIRE(before);
    REQUIRE(before->endpoint != gone.id);
    files.write(files.policies() + "/c.yaml", deny_policy("three"));
    node->reload_policies();
    const auto after = must(datapath::active_config(node->datapath(), gone.slot));
    REQUIRE(after);
    CHECK(after->endpoint == before->endpoint);
    CHECK(node->program("gone", "eth0", {}).error().code() == Code::kNotFound);
    node->forget(gone.id);
    CHECK(files.cni("DEL", "next", two.path()).status == 0);
}

}  // namespace namegate::test

// SPDX-License-Identifier: Apache-2.0
// A daemon that does not know of a DEL yet. The test runs all of the daemon except the event loop, so that no request reaches it.
#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>

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

TEST_CASE("while the labels of one endpoint are unknown, the others are not programmed again") {
    DaemonNode files;
    const auto namespace_document = [&files](const std::string& name) {
        files.write(files.policies() + "/" + name + ".yaml",
                    "apiVersion: v1\nkind: Namespace\nmetadata: {name: " + name + ", labels: {team: a}}\n");
    };
    files.write(files.policies() + "/policy.yaml",
                "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: team}\n"
                "spec: {namespaceSelector: team == 'a', types: [Egress], egress: [{action: Deny}]}\n");
    namespace_document("shop");
    namespace_document("lost");
    const TestNetns shop;
    const TestNetns lost;
    const auto call = [&files](const std::string& command, const std::string& pod, const TestNetns& netns) {
        return files.cni_with(command, pod, netns.path(), "K8S_POD_NAMESPACE=" + pod + ";K8S_POD_NAME=web").status;
    };
    REQUIRE(call("ADD", "shop", shop) == 0);
    REQUIRE(call("ADD", "lost", lost) == 0);
    const SystemClock clock;
    const auto node = must(daemon::Node::open(must(config::load_config(files.config_path())), clock));
    const auto programmed = [&node](const std::string& name_space) {
        for (const auto& [id, record] : node->records()) {
            if (record.pod_namespace == name_space) {
                return *node->programmer().find(id);
            }
        }
        throw std::runtime_error("no endpoint in " + name_space);
    };
    REQUIRE(programmed("shop").current);
    REQUIRE(programmed("lost").current);

    REQUIRE(run_command("rm " + files.policies() + "/lost.yaml").status == 0);
    node->reload_policies();
    REQUIRE(programmed("lost").labels_unknown);
    const std::uint64_t before = programmed("shop").since_boot_ns;
    for (unsigned i = 0; i < 3; ++i) {
        node->tick();
        CHECK(programmed("lost").labels_unknown);
        CHECK(programmed("shop").current);
        CHECK(programmed("shop").since_boot_ns == before);
    }
    // It is still tried again.
    namespace_document("lost");
    node->reload_policies();
    CHECK(programmed("lost").current);
    CHECK(call("DEL", "shop", shop) == 0);
    CHECK(call("DEL", "lost", lost) == 0);
}

}  // namespace namegate::test

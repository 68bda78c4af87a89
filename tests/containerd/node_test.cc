// SPDX-License-Identifier: Apache-2.0
// Events of a node: namegate is installed and uninstalled, its plugin fails, the node restarts.
#include <unistd.h>

#include "pods.h"

using namespace namegate;
using namespace namegate::test;

namespace {

bool becomes_ready(ContainerdNode& node, bool ready) {
    return node.eventually([&] { return node.cri().network_ready().value_or(!ready) == ready; });
}

SandboxSpec pod(const std::string& name) { return {name, "default", "", 0, {{"app", "any"}}, {}, 0, 0}; }

}  // namespace

TEST_CASE("containerd's network is ready as soon as install.sh has run, and not ready after uninstalling", "[C45][C46][C47]") {
    ContainerdNode node(ContainerdNode::Mode::kFirst);
    const std::string conf = "/etc/cni/net.d";
    must_run("rm " + conf + "/10-pods.conflist");
    CHECK(becomes_ready(node, false));
    CHECK_FALSE(node.cri().run_pod(pod("early")));

    const std::string install = NAMEGATE_SOURCE_DIR "/install.sh --build-dir " NAMEGATE_BUILD_DIR " --prefix /opt/namegate";
    must_run(install);
    REQUIRE(becomes_ready(node, true));
    const std::string sandbox = must(node.cri().run_pod(pod("web")), node);
    CHECK(must_run("ls /run/namegate/endpoints | wc -l") == "1\n");
    CHECK_THAT(must(node.cri().pod_ip(sandbox), node), Catch::StartsWith("10.88."));

    // A broken file that sorts first disables the network of the whole node, so namegate must not leave one.
    must_run("echo '{\"name\": ' > " + conf + "/.tmp && mv " + conf + "/.tmp " + conf + "/00-broken.conflist");
    CHECK(becomes_ready(node, false));
    must_run("rm " + conf + "/00-broken.conflist");
    CHECK(becomes_ready(node, true));

    must(node.cri().stop_pod(sandbox), node);
    must(node.cri().remove_pod(sandbox), node);
    CHECK(run_command("ls /run/namegate/endpoints; find /run/namegate/ipam -name '*.*.*.*'").text.empty());
    must_run(install + " --uninstall");
    CHECK(becomes_ready(node, false));
}

TEST_CASE("a pod whose DEL fails stays until a DEL succeeds, and nothing of it is lost", "[C3][C44]") {
    ContainerdNode node(ContainerdNode::Mode::kFirst);
    const std::string sandbox = must(node.cri().run_pod(pod("web")), node);
    // The address cannot be released. No other pod may get it while this one may still have it.
    const std::string program = "/opt/cni/bin/host-local";
    must_run("rm " + program +
             " && printf '#!/bin/sh\\n[ $CNI_COMMAND != DEL ] || { echo \\047{\"code\": 77, \"msg\": \"not now\"}\\047; exit 1; }\\nexec "
             "/usr/lib/cni/host-local\\n' > " +
             program + " && chmod +x " + program);
    for (int again = 0; again < 2; ++again) {
        const auto stopped = node.cri().stop_pod(sandbox);
        REQUIRE_FALSE(stopped);
        CHECK_THAT(stopped.error().message(), Catch::Contains("ipam plugin host-local (DEL): not now"));
    }
    CHECK_FALSE(node.cri().remove_pod(sandbox));
    CHECK_THAT(node.state(), Catch::Contains("/ipam/"));
    CHECK_FALSE(count(node.state(), " ng") > 0);
    must_run("ln -sf /usr/lib/cni/host-local " + program);
    must(node.cri().stop_pod(sandbox), node);
    must(node.cri().remove_pod(sandbox), node);
    CHECK(node.state() == "");
}

TEST_CASE("after a reboot containerd deletes what it still lists, and new pods start before that", "[C34][C53]") {
    const auto mode = GENERATE(ContainerdNode::Mode::kFirst, ContainerdNode::Mode::kChained);
    ContainerdNode node(mode);
    const std::string old = must(node.cri().run_pod(pod("old")), node);
    node.stop_containerd();
    // Power off: processes, interfaces and memory are gone; the disk stays.
    must_run(
        "for s in $(pgrep -f '[c]ontainerd-shim.*" + node.folder() +
        "'); do kill -9 $s; done; for n in $(ls /run/netns); do for p in $(ip netns pids $n); do kill -9 $p; done; ip netns del $n; done");
    REQUIRE(node.eventually([] { return run_command("ip -o link | grep -q ' ng[0-9a-f]*@'").status != 0; }));
    must_run("cut -d' ' -f2 /proc/mounts | grep " + node.folder() + "/state | xargs -r umount; rm -rf " + node.folder() + "/run/* " +
             node.folder() + "/state /sys/fs/bpf/namegate-*");
    CHECK_THAT(node.state(), Catch::Contains("/ipam/"));
    node.start_containerd();
    REQUIRE(becomes_ready(node, true));

    const std::string now = must(node.cri().run_pod(pod("new")), node);
    must(node.cri().stop_pod(old), node);
    must(node.cri().remove_pod(old), node);
    must(node.cri().stop_pod(now), node);
    must(node.cri().remove_pod(now), node);
    node.start_daemon();
    CHECK(node.eventually([&] { return node.state().empty(); }));
    CHECK(node.state() == "");
}

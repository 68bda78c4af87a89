// SPDX-License-Identifier: Apache-2.0
// Labels from containerd when it, or the daemon, does not answer. (With the real one: tests/containerd.)
#include <sys/socket.h>
#include <sys/un.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <future>
#include <string>

#include "node.h"

namespace namegate::test {
namespace {

std::string policy_by_label() {
    return "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: by-label}\n"
           "spec: {selector: app == 'x', types: [Egress], egress: [{action: Deny}]}\n";
}

// Takes connections and never says a word.
Fd silent_socket(const std::string& path) {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 || ::listen(fd.get(), 8) != 0) {
        fail_with_errno("listening on " + path);
    }
    return fd;
}

void use_containerd(const DaemonNode& node, unsigned timeout) {
    must_run("printf 'labelSources: [containerd]\\nlabelTimeout: " + std::to_string(timeout) + "\\ncontainerd: {address: " + node.folder() +
             "/containerd.sock}\\n' >> " + node.config_path());
}

double seconds_of(const std::function<void()>& work) {
    const auto before = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
}

TEST_CASE("without a daemon, ADD waits for labels that a policy looks at, fails with code 11 and leaves nothing", "[C29]") {
    DaemonNode node;
    use_containerd(node, 1);
    node.write(node.policies() + "/a.yaml", policy_by_label());
    const TestNetns pod;
    CommandOutput added;
    CHECK(seconds_of([&] { added = node.cni("ADD", "one", pod.path()); }) >= 1);
    INFO(added.text);
    CHECK(added.status != 0);
    CHECK(added.text.find("\"code\": 11") != std::string::npos);
    for (const std::string& part :
         {std::string("labels are not known yet"), std::string("namegated does not run"), node.socket(), node.folder() + "/containerd.sock",
          std::string("ADD waited 1 s (labelTimeout)"), std::string("systemctl start namegated")}) {
        INFO(part);
        CHECK(added.text.find(part) != std::string::npos);
    }
    CHECK(added.text.find("namegated asks containerd for them") == std::string::npos);
    CHECK(pod.run("ip link show eth0").status != 0);
    CHECK(node.pins().empty());

    // No policy that looks at labels: nothing to wait for.
    node.write(node.policies() + "/a.yaml", deny_policy("all"));
    CHECK(node.cni("ADD", "one", pod.path()).status == 0);
    CHECK(node.cni("DEL", "one", pod.path()).status == 0);
}

TEST_CASE("a daemon that comes while ADD waits is asked") {
    DaemonNode node;
    use_containerd(node, 60);
    node.write(node.policies() + "/a.yaml", policy_by_label());
    const TestNetns pod;
    auto added = std::async(std::launch::async, [&] { return node.cni("ADD", "one", pod.path()); });
    REQUIRE(eventually([&] { return run_command("ls " + node.folder() + "/run/endpoints/*one*").status == 0; }));
    node.write(node.policies() + "/a.yaml", deny_policy("all"));
    node.start();
    const CommandOutput output = added.get();
    INFO(output.text << node.log());
    CHECK(output.status == 0);
    CHECK(node.mode_of("one") == "enforced");
    CHECK(node.cni("DEL", "one", pod.path()).status == 0);
}

TEST_CASE("a silent containerd fails the ADD that needs it, in its time, and holds up nobody else") {
    DaemonNode node;
    use_containerd(node, 3);
    const Fd silent = silent_socket(node.folder() + "/containerd.sock");
    node.write(node.policies() + "/a.yaml", policy_by_label());
    node.start();
    const TestNetns pod;
    CommandOutput added;
    auto adding = std::async(std::launch::async, [&] { return seconds_of([&] { added = node.cni("ADD", "slow", pod.path()); }); });
    REQUIRE(eventually([&] { return run_command("ls " + node.folder() + "/run/endpoints/*slow*").status == 0; }));
    // Meanwhile the daemon answers, many times over.
    for (int i = 0; i < 20; ++i) {
        CHECK(node.ask("status"));
    }
    CHECK(adding.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
    CHECK(adding.get() >= 3);
    INFO(added.text);
    CHECK(added.text.find("\"code\": 11") != std::string::npos);
    CHECK(added.text.find("did not answer") != std::string::npos);
    CHECK(node.must_ask("endpoints").empty());
    CHECK(node.stop(SIGTERM) == 0);
}

}  // namespace
}  // namespace namegate::test

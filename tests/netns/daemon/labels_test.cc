// SPDX-License-Identifier: Apache-2.0
// Labels from containerd when it, or the daemon, does not reply. (tests/containerd has the real one.)
#include <sys/socket.h>
#include <sys/un.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <future>
#include <string>

#include "containerd/wire_reader.h"
#include "node.h"
#include "support/containerd/scripted_server.h"

namespace namegate::test {
namespace {

std::string policy_by_label() {
    return "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: by-label}\n"
           "spec: {selector: app == 'x', types: [Egress], egress: [{action: Deny}]}\n";
}

// Accepts connections and never sends anything.
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

void use_containerd(const DaemonNode& node, unsigned timeout, const std::string& socket) {
    must_run("sed -i /labelSources/d " + node.config_path());
    must_run("printf 'labelSources: [containerd]\\nlabelTimeout: " + std::to_string(timeout) + "\\ncontainerd: {address: " + socket +
             "}\\n' >> " + node.config_path());
}

void use_containerd(const DaemonNode& node, unsigned timeout) { use_containerd(node, timeout, node.folder() + "/containerd.sock"); }

std::string field(std::uint32_t number, const std::string& text) {
    std::string out;
    containerd::append_text_field(out, number, text);
    return out;
}

// containerd's reply for a container with the label app=x, to the first client.
Connection labelled() {
    const std::string label = field(1, "app") + field(2, "x");
    return {{1, frame(kSettings, 0, 0, "") + whole_reply(1, field(1, field(2, label)))}};
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
    const std::string socket = node.folder() + "/containerd.sock";
    const std::string asked =
        "containerd at " + socket + " did not answer /containerd.services.containers.v1.Containers/Get: no reply in time";
    Fd silent;
    // Missing, refusing because the listener is gone, and silent.
    for (const std::string& why :
         {asked + " (connect: No such file or directory)", asked + " (connect: Connection refused)", asked + ";"}) {
        CommandOutput added;
        CHECK(seconds_of([&] { added = node.cni("ADD", "one", pod.path()); }) >= 1);
        INFO(added.text);
        CHECK(added.status != 0);
        CHECK(added.text.find("\"code\": 11") != std::string::npos);
        CHECK(added.text.find(why) != std::string::npos);
        CHECK(added.text.find("no daemon listens on " + node.socket()) != std::string::npos);
        CHECK(pod.run("ip link show eth0").status != 0);
        CHECK(node.pins().empty());
        const bool was_there = ::access(socket.c_str(), F_OK) == 0;
        static_cast<void>(::unlink(socket.c_str()));
        silent = silent_socket(socket);
        if (!was_there) {
            silent.reset();
        }
    }

    // No policy looks at labels: there is nothing to wait for.
    node.write(node.policies() + "/a.yaml", deny_policy("all"));
    CHECK(node.cni("ADD", "one", pod.path()).status == 0);
    CHECK(node.cni("DEL", "one", pod.path()).status == 0);
}

TEST_CASE("without a daemon, ADD gets the labels itself, and an invalid reply fails it at once", "[C29][C59]") {
    ScriptedServer containerd({{{1, "HTTP/1.1 400 Bad Request\r\n\r\n"}}, labelled()});
    DaemonNode node;
    use_containerd(node, 60, containerd.path());
    node.write(node.policies() + "/a.yaml", policy_by_label());
    const TestNetns pod;
    CommandOutput added;
    CHECK(seconds_of([&] { added = node.cni("ADD", "one", pod.path()); }) < 30);
    INFO(added.text);
    CHECK(added.text.find("\"code\": 11") != std::string::npos);
    CHECK(added.text.find("invalid HTTP/2") != std::string::npos);
    CHECK(node.pins().empty());
    added = node.cni("ADD", "one", pod.path());
    REQUIRE(added.status == 0);
    node.start();
    CHECK(node.mode_of("one") == "enforced");
    CHECK(containerd.connections() == 2);
    CHECK(node.cni("DEL", "one", pod.path()).status == 0);
}

TEST_CASE("when the daemon hangs, the plugin gets the labels after the time allowed for the daemon") {
    ScriptedServer containerd({labelled()});
    DaemonNode node;
    use_containerd(node, 1, containerd.path());
    node.write(node.policies() + "/a.yaml", policy_by_label());
    node.start();
    const TestNetns pod;
    REQUIRE(::kill(node.pid(), SIGSTOP) == 0);
    const CommandOutput added = node.cni("ADD", "one", pod.path());
    CHECK(::kill(node.pid(), SIGCONT) == 0);
    INFO(added.text << node.log());
    REQUIRE(added.status == 0);
    CHECK(node.becomes("one", "enforced"));
    CHECK(node.cni("DEL", "one", pod.path()).status == 0);
}

TEST_CASE("a daemon that starts while ADD waits is asked") {
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

TEST_CASE("a silent containerd fails the ADD that needs it, within its timeout, and delays no other") {
    DaemonNode node;
    use_containerd(node, 3);
    const Fd silent = silent_socket(node.folder() + "/containerd.sock");
    node.write(node.policies() + "/a.yaml", policy_by_label());
    node.start();
    const TestNetns pod;
    CommandOutput added;
    auto adding = std::async(std::launch::async, [&] { return seconds_of([&] { added = node.cni("ADD", "slow", pod.path()); }); });
    REQUIRE(eventually([&] { return run_command("ls " + node.folder() + "/run/endpoints/*slow*").status == 0; }));
    // Meanwhile the daemon replies many times.
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
TEST_CASE("S8: a pod whose labels no source knows is not opened, and a running one keeps its last policy") {
    DaemonNode node;
    node.write(node.policies() + "/a.yaml", policy_by_label());
    const bool with_daemon = GENERATE(true, false);
    if (with_daemon) {
        node.start();
    }
    const TestNetns pod;
    const CommandOutput refused = node.cni("ADD", "one", pod.path());
    INFO(refused.text);
    CHECK(refused.status != 0);
    CHECK(refused.text.find("\"code\": 11") != std::string::npos);
    CHECK(refused.text.find("no label source knows the labels of pod default/one") != std::string::npos);
    CHECK(node.cni("DEL", "one", pod.path()).status == 0);
    node.write(node.policies() + "/pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {namespace: default, name: one, labels: {app: x}}\n");
    REQUIRE(eventually([&] { return node.cni("ADD", "one", pod.path()).status == 0; }));
    if (!with_daemon) {
        node.start();
    }
    CHECK(node.becomes("one", "enforced"));
    must_run("rm " + node.policies() + "/pod.yaml");
    CHECK(eventually([&] { return node.must_ask("status")["degraded"].dump().find("keeps its last policy") != std::string::npos; }));
    CHECK(node.must_ask("status")["degraded"].size() == 1);  // and none that says it again of all endpoints
    CHECK(node.mode_of("one") == "enforced");
    node.stop(SIGKILL);
    node.start();
    CHECK(node.mode_of("one") == "enforced");
    CHECK(node.cni("DEL", "one", pod.path()).status == 0);
}

TEST_CASE("unknownLabels: Absent opens a pod whose labels no source knows, and status says so") {
    DaemonNode node;
    must_run("echo 'unknownLabels: Absent' >> " + node.config_path());
    node.write(node.policies() + "/a.yaml", policy_by_label());
    node.start();
    const TestNetns pod;
    CHECK(node.cni("ADD", "one", pod.path()).status == 0);
    CHECK(node.mode_of("one") == "open");
    CHECK(node.must_ask("status")["warnings"].dump().find("unknownLabels: Absent") != std::string::npos);
    CHECK(node.cni("DEL", "one", pod.path()).status == 0);
}

}  // namespace namegate::test

// SPDX-License-Identifier: Apache-2.0
// What kubelet does, on a real containerd: pods get the policy of their labels before their first packet, with and without the
// daemon.
#include "pods.h"

using namespace namegate;
using namespace namegate::test;

namespace {

// A container that does one thing at once, and then stays.
std::vector<std::string> acting() {
    return {"/bin/sh", "-c", "{ " + first_act() + " } >/tmp/out 2>/dev/null; echo done >/tmp/done; sleep 1000"};
}

// What it wrote, once it is done.
std::string outcome(ContainerdNode& node, const std::string& container) {
    const auto output = node.cri().exec(container, {"/bin/sh", "-c", "while ! [ -e /tmp/done ]; do sleep 0.1; done; cat /tmp/out"});
    REQUIRE(output);
    return output->text;
}

}  // namespace

TEST_CASE("a pod's labels in containerd select its policy, from the first packet of the first container", "[C1][C42]") {
    const auto mode = GENERATE(ContainerdNode::Mode::kFirst, ContainerdNode::Mode::kChained);
    ContainerdNode node(mode);
    node.world().set_name("api.weather.com", {"198.18.0.1"});
    node.write_policy("weather.yaml", kAllowWeather);
    node.start_daemon();
    SandboxSpec weather{"weather", "default", "u1", 0, {{"app", "weather-app"}}, {{"note", "1"}}, 0, 0};
    SandboxSpec other{"other", "default", "u2", 0, {{"app", "other"}}, {}, 18080, 8080};
    const std::string a = must(node.cri().run_pod(weather), node);
    const std::string b = must(node.cri().run_pod(other), node);
    INFO(node.logs());
    const nlohmann::json endpoint = node.endpoint(a);
    REQUIRE(endpoint.is_object());
    CHECK(endpoint["labels"]["app"] == "weather-app");
    CHECK(endpoint["mode"] == "enforced");
    CHECK(node.endpoint(b)["mode"] == "open");

    const std::string in_a = must(node.cri().run_container(a, weather, acting()), node);
    const std::string in_b = must(node.cri().run_container(b, other, acting()), node);
    const std::string of_a = outcome(node, in_a);
    INFO(of_a);
    CHECK(count(of_a, "198.18.0.1 reached") == 1);
    CHECK(count(of_a, "198.18.0.2 reached") == 0);
    const std::string of_b = outcome(node, in_b);
    INFO(of_b);
    CHECK(count(of_b, "reached") == 4);

    // b's container is reached through the node's port.
    const std::string serving =
        must(node.cri().run_container(b, other, {"/bin/sh", "-c", "while true; do echo hello | nc -l -p 8080; done"}, "server"), node);
    CHECK(node.eventually(
        [&] { return count(node.world().netns().run("timeout 2 busybox nc 192.0.2.1 18080 </dev/null").text, "hello") == 1; }));

    // The daemon dies and restarts; one pod is added in between, one removed, and connections stay.
    node.kill_daemon();
    REQUIRE(node.cri().stop_pod(b));
    REQUIRE(node.cri().remove_pod(b));
    const auto denied = node.cri().exec(in_a, {"/bin/sh", "-c", connect_command("198.18.0.2") + connect_command("198.18.0.1")});
    REQUIRE(denied);
    CHECK(count(denied->text, "reached") == 1);
    node.start_daemon();
    CHECK(node.endpoint(a)["labels"]["app"] == "weather-app");

    for (int again = 0; again < 2; ++again) {
        CHECK(node.cri().stop_pod(a));
    }
    CHECK(node.cri().remove_pod(a));
    CHECK(node.cri().remove_pod(a));
    CHECK(node.eventually([&] { return node.state().empty(); }));
    CHECK(node.state() == "");
}

TEST_CASE("with the daemon dead, a pod starts with the policy of its labels in containerd", "[C1][C59]") {
    const auto mode = GENERATE(ContainerdNode::Mode::kFirst, ContainerdNode::Mode::kChained);
    ContainerdNode node(mode);
    node.world().set_name("api.weather.com", {kWeather});
    node.write_policy("weather.yaml", kAllowWeather);
    const bool ran_before = GENERATE(true, false);
    if (ran_before) {
        node.start_daemon();
        node.kill_daemon();
    }
    const SandboxSpec weather{"weather", "default", "u1", 0, {{"app", "weather-app"}}, {}, 0, 0};
    const SandboxSpec other{"other", "default", "u2", 0, {{"app", "other"}}, {}, 0, 0};
    const std::string a = must(node.cri().run_pod(weather), node);
    const std::string b = must(node.cri().run_pod(other), node);
    const std::string in_a = must(node.cri().run_container(a, weather, acting()), node);
    const std::string in_b = must(node.cri().run_container(b, other, acting()), node);
    const std::string of_a = outcome(node, in_a);
    INFO(of_a);
    CHECK(count(of_a, kWeather + " reached") == 1);
    CHECK(count(of_a, kOther + " reached") == 0);
    const std::string of_b = outcome(node, in_b);
    INFO(of_b);
    CHECK(count(of_b, "reached") == 4);

    // The new daemon finds the labels with the endpoint, and has nothing to change.
    node.start_daemon();
    INFO(node.logs());
    CHECK(node.endpoint(a)["labels"]["app"] == "weather-app");
    CHECK(node.endpoint(a)["mode"] == "enforced");
    CHECK(node.endpoint(b)["mode"] == "open");
    const auto again = node.cri().exec(in_a, {"/bin/sh", "-c", connect_command(kOther) + connect_command(kWeather)});
    REQUIRE(again);
    CHECK(count(again->text, kWeather + " reached") == 1);
    CHECK(count(again->text, kOther + " reached") == 0);
    for (const std::string& sandbox : {a, b}) {
        CHECK(node.cri().stop_pod(sandbox));
        CHECK(node.cri().remove_pod(sandbox));
    }
    CHECK(node.eventually([&] { return node.state().empty(); }));
    CHECK(node.state() == "");
}

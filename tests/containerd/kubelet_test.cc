// SPDX-License-Identifier: Apache-2.0
// The orders in which kubelet and containerd call, failures included, and containers of `ctr`.
#include <atomic>
#include <thread>

#include "pods.h"

using namespace namegate;
using namespace namegate::test;

namespace {

SandboxSpec weather(unsigned attempt = 0) { return {"weather", "default", "u1", attempt, {{"app", "weather-app"}}, {}, 0, 0}; }

}  // namespace

TEST_CASE("a container of ctr has the policy of its labels, and leaves nothing when it ends", "[C27]") {
    ContainerdNode node(ContainerdNode::Mode::kFirst);
    node.world().set_name("api.weather.com", {kWeather});
    node.write_policy("weather.yaml", kAllowWeather);
    node.start_daemon();
    const std::string run = "-n default run --rm --cni --snapshotter native ";
    const std::string act = std::string(" ") + kImage + " web /bin/sh -c '" + first_act() + "'";
    const CommandOutput labelled = node.ctr(run + "--label app=weather-app" + act);
    INFO(labelled.text << node.logs());
    CHECK(count(labelled.text, kWeather + " reached") == 1);
    CHECK(count(labelled.text, kOther + " reached") == 0);
    CHECK(node.state() == "");
    const CommandOutput plain = node.ctr(run + act);
    INFO(plain.text);
    CHECK(count(plain.text, "reached") == 4);
    CHECK(node.state() == "");
}

TEST_CASE("a container of ctr has the policy of its labels also without a daemon", "[C27][C59]") {
    ContainerdNode node(ContainerdNode::Mode::kFirst);
    node.world().set_name("api.weather.com", {kWeather});
    node.write_policy("weather.yaml", kAllowWeather);
    const std::string run = "-n default run --rm --cni --snapshotter native ";
    const std::string act = std::string(" ") + kImage + " web /bin/sh -c '" + first_act() + "'";
    const CommandOutput labelled = node.ctr(run + "--label app=weather-app" + act);
    INFO(labelled.text << node.logs());
    CHECK(count(labelled.text, kWeather + " reached") == 1);
    CHECK(count(labelled.text, kOther + " reached") == 0);
    const CommandOutput plain = node.ctr(run + act);
    INFO(plain.text);
    CHECK(count(plain.text, "reached") == 4);
    CHECK(node.state() == "");
}

TEST_CASE("failures under kubelet and containerd leave nothing, and pods start afterwards", "[C5][C29][C41][C43]") {
    ContainerdNode node(ContainerdNode::Mode::kFirst, "labelTimeout: 4\n");
    node.write_policy("weather.yaml", kAllowWeather);

    // No source has the labels: ADD fails, containerd calls DEL at once, and nothing is left.
    node.set_containerd_address("/nowhere/containerd.sock");
    const auto refused = node.cri().run_pod(weather());
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message(),
               Catch::Contains("/nowhere/containerd.sock did not answer") && Catch::Contains("no daemon listens"));
    CHECK(node.state() == "");
    // The caller gives up first: the plugin is killed in the middle of its ADD.
    CHECK_FALSE(node.cri().run_pod(weather(), 2));
    CHECK(node.eventually([&] { return node.state().empty(); }));
    CHECK(node.state() == "");

    node.set_containerd_address(node.folder() + "/containerd.sock");

    // A new sandbox of the same pod while the old one is still listed: the late DEL of the old one removes nothing of the new one.
    node.start_daemon();
    const std::string old = must(node.cri().run_pod(weather(1)), node);
    REQUIRE(node.cri().stop_pod(old));
    const std::string now = must(node.cri().run_pod(weather(2)), node);
    REQUIRE(node.cri().remove_pod(old));
    CHECK(node.endpoint(old).is_null());
    CHECK(node.endpoint(now)["mode"] == "enforced");
    REQUIRE(node.cri().stop_pod(now));
    REQUIRE(node.cri().remove_pod(now));

    // Many at once, while containerd restarts.
    constexpr unsigned kPods = 8;
    std::vector<std::string> sandboxes(kPods);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kPods; ++i) {
        threads.emplace_back([&, i] {
            const auto sandbox = node.cri().run_pod({"p" + std::to_string(i), "default", "", 0, {{"app", "weather-app"}}, {}, 0, 0});
            sandboxes[i] = sandbox ? *sandbox : std::string();
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    for (const std::string& sandbox : sandboxes) {
        INFO(node.logs());
        CHECK(node.endpoint(sandbox)["mode"] == "enforced");
    }
    node.stop_containerd();
    node.start_containerd();
    REQUIRE(node.eventually([&] { return node.cri().network_ready().value_or(false); }));
    for (const std::string& sandbox : sandboxes) {
        must(node.cri().stop_pod(sandbox), node);
        must(node.cri().remove_pod(sandbox), node);
    }
    CHECK(node.state() == "");
}

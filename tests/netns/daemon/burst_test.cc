// SPDX-License-Identifier: Apache-2.0
// Everything at once: clients of the socket whose replies take a while, and pods whose labels come from a slow containerd.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <containers.grpc.pb.h>
#include "api/commands.h"
#include "node.h"
#include "node/node_lock.h"

namespace namegate::test {
namespace {

namespace containers = ::containerd::services::containers::v1;

constexpr unsigned kClients = 300;
constexpr unsigned kPods = 300;  // or NAMEGATE_BURST_PODS
constexpr std::chrono::milliseconds kAnswerTime{200};

// A containerd that calls `wait` before each reply.
class SlowContainers final : public containers::Containers::Service {
  public:
    SlowContainers(const DaemonNode& node, std::function<void()> wait) : wait_(std::move(wait)) {
        const std::string socket = node.folder() + "/containerd.sock";
        must_run("sed -i /labelSources/d " + node.config_path());
        must_run("printf 'labelSources: [containerd]\\ncontainerd: {address: " + socket + "}\\n' >> " + node.config_path());
        grpc::ServerBuilder builder;
        builder.AddListeningPort("unix:" + socket, grpc::InsecureServerCredentials());
        builder.RegisterService(this);
        server_ = builder.BuildAndStart();
    }
    ~SlowContainers() override { server_->Shutdown(); }
    SlowContainers(const SlowContainers&) = delete;
    SlowContainers& operator=(const SlowContainers&) = delete;
    SlowContainers(SlowContainers&&) = delete;
    SlowContainers& operator=(SlowContainers&&) = delete;

    grpc::Status Get(grpc::ServerContext*, const containers::GetContainerRequest* request,
                     containers::GetContainerResponse* reply) override {
        wait_();
        containers::Container& pod = *reply->mutable_container();
        pod.set_id(request->id());
        (*pod.mutable_extensions())["io.cri-containerd.sandbox.metadata"].set_value(
            R"({"Version":"v1","Metadata":{"Config":{"metadata":{"name":"p","uid":"u"},"labels":{"app":"x"}}}})");
        return grpc::Status::OK;
    }

  private:
    std::function<void()> wait_;
    std::unique_ptr<grpc::Server> server_;
};

const std::string kByLabel =
    "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: by-label}\n"
    "spec: {selector: app == 'x', types: [Egress], egress: [{action: Deny}]}\n";

unsigned pods() {
    const char* given = std::getenv("NAMEGATE_BURST_PODS");  // NOLINT(concurrency-mt-unsafe): before any thread
    return given == nullptr ? kPods : static_cast<unsigned>(std::strtoul(given, nullptr, 10));
}

struct Added {
    CommandOutput output;
    // As the daemon says when ADD has returned; nothing: it does not know the endpoint yet, which the plugin programmed.
    std::optional<bool> enforced;
};

Added add(const DaemonNode& node, const std::string& pod, const std::string& netns) {
    Added added{node.cni("ADD", pod, netns), std::nullopt};
    if (const auto rules = api::ask_daemon(node.socket(), api::encode_call(api::PoliciesRequest{"default/" + pod}), 30'000); rules) {
        added.enforced = (*rules)["egress"]["enforced"] == true;
    }
    return added;
}

TEST_CASE("three hundred clients at once all get their replies") {
    DaemonNode node;
    node.start();
    std::vector<std::future<Result<api::Json>>> answers;
    for (unsigned i = 0; i < kClients; ++i) {
        // Children of the daemon make listings, four at a time: the others wait.
        answers.push_back(std::async(std::launch::async, [&] { return api::ask_daemon(node.socket(), {"endpoints"}, 30'000); }));
    }
    unsigned failed = 0;
    for (auto& answer : answers) {
        if (const auto result = answer.get(); !result) {
            UNSCOPED_INFO(result.error().message());
            ++failed;
        }
    }
    CHECK(failed == 0);
}

TEST_CASE("a burst of ADDs, with labels from a containerd that takes 200 ms for each: none fails, and none is open") {
    DaemonNode node;
    node.write(node.policies() + "/a.yaml", kByLabel);
    const SlowContainers containerd(node, [] { std::this_thread::sleep_for(kAnswerTime); });
    node.start();

    const unsigned count = pods();
    std::vector<TestNetns> netns(count);
    std::vector<std::future<Added>> adds;
    for (unsigned i = 0; i < count; ++i) {
        adds.push_back(std::async(std::launch::async, [&, i] { return add(node, "pod" + std::to_string(i), netns[i].path()); }));
    }
    unsigned failed = 0;
    unsigned open = 0;
    for (auto& one : adds) {
        if (const Added added = one.get(); added.output.status != 0) {
            UNSCOPED_INFO(added.output.text);
            ++failed;
        } else if (added.enforced == false) {
            ++open;
        }
    }
    CHECK(failed == 0);
    CHECK(open == 0);
    CHECK(eventually([&] { return node.must_ask("endpoints").size() == count; }, std::chrono::seconds(60)));
    const api::Json endpoints = node.must_ask("endpoints");
    CHECK(std::all_of(endpoints.begin(), endpoints.end(), [](const api::Json& one) { return one["mode"] == "enforced"; }));
    for (unsigned i = 0; i < count; ++i) {
        CHECK(node.cni("DEL", "pod" + std::to_string(i), netns[i].path()).status == 0);
    }
}

TEST_CASE("ADD waits for its labels, and labels that come while another process holds the node lock are not given up") {
    DaemonNode node;
    node.write(node.policies() + "/a.yaml", kByLabel);
    std::promise<void> asked;
    std::promise<void> go_on;
    std::once_flag first;
    const SlowContainers containerd(node, [&, may_go_on = go_on.get_future().share()] {
        std::call_once(first, [&asked] { asked.set_value(); });
        may_go_on.wait();
    });
    node.start();
    const TestNetns netns;
    auto adding = std::async(std::launch::async, [&] { return add(node, "pod", netns.path()); });
    asked.get_future().wait();
    // Nothing opens without the labels: ADD does not return.
    CHECK(adding.wait_for(std::chrono::seconds(1)) == std::future_status::timeout);
    {
        const auto lock = must(node::NodeLock::acquire(must(config::load_config(node.config_path())), node::NodeLock::kPatientMs));
        go_on.set_value();
        // Longer than one attempt of the daemon to take the lock.
        std::this_thread::sleep_for(std::chrono::milliseconds(3'000));
        CHECK(adding.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
    }
    const Added added = adding.get();
    INFO(added.output.text << node.log());
    CHECK(added.output.status == 0);
    CHECK(added.enforced == true);
    CHECK(node.cni("DEL", "pod", netns.path()).status == 0);
}

}  // namespace
}  // namespace namegate::test

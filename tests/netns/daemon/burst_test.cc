// SPDX-License-Identifier: Apache-2.0
// Everything at once: clients of the socket whose replies take a while, and pods whose labels come from a slow containerd.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <containers.grpc.pb.h>
#include "node.h"

namespace namegate::test {
namespace {

namespace containers = ::containerd::services::containers::v1;

constexpr unsigned kClients = 300;
constexpr unsigned kPods = 300;  // or NAMEGATE_BURST_PODS
constexpr std::chrono::milliseconds kAnswerTime{200};

class SlowContainers final : public containers::Containers::Service {
  public:
    grpc::Status Get(grpc::ServerContext*, const containers::GetContainerRequest* request,
                     containers::GetContainerResponse* reply) override {
        std::this_thread::sleep_for(kAnswerTime);
        containers::Container& pod = *reply->mutable_container();
        pod.set_id(request->id());
        (*pod.mutable_extensions())["io.cri-containerd.sandbox.metadata"].set_value(
            R"({"Version":"v1","Metadata":{"Config":{"metadata":{"name":"p","uid":"u"},"labels":{"app":"x"}}}})");
        return grpc::Status::OK;
    }
};

unsigned pods() {
    const char* given = std::getenv("NAMEGATE_BURST_PODS");  // NOLINT(concurrency-mt-unsafe): before any thread
    return given == nullptr ? kPods : static_cast<unsigned>(std::strtoul(given, nullptr, 10));
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
    const std::string socket = node.folder() + "/containerd.sock";
    must_run("sed -i /labelSources/d " + node.config_path());
    must_run("printf 'labelSources: [containerd]\\ncontainerd: {address: " + socket + "}\\n' >> " + node.config_path());
    node.write(node.policies() + "/a.yaml",
               "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: by-label}\n"
               "spec: {selector: app == 'x', types: [Egress], egress: [{action: Deny}]}\n");
    SlowContainers service;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + socket, grpc::InsecureServerCredentials());
    builder.RegisterService(&service);
    const std::unique_ptr<grpc::Server> containerd = builder.BuildAndStart();
    node.start();

    const unsigned count = pods();
    std::vector<TestNetns> netns(count);
    std::vector<std::future<CommandOutput>> adds;
    for (unsigned i = 0; i < count; ++i) {
        adds.push_back(std::async(std::launch::async, [&, i] { return node.cni("ADD", "pod" + std::to_string(i), netns[i].path()); }));
    }
    unsigned failed = 0;
    for (auto& add : adds) {
        if (const CommandOutput output = add.get(); output.status != 0) {
            UNSCOPED_INFO(output.text);
            ++failed;
        }
    }
    CHECK(failed == 0);
    const api::Json endpoints = node.must_ask("endpoints");
    CHECK(endpoints.size() == count);
    CHECK(std::all_of(endpoints.begin(), endpoints.end(), [](const api::Json& one) { return one["mode"] == "enforced"; }));
    for (unsigned i = 0; i < count; ++i) {
        CHECK(node.cni("DEL", "pod" + std::to_string(i), netns[i].path()).status == 0);
    }
    containerd->Shutdown();
}

}  // namespace
}  // namespace namegate::test

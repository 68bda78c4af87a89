// SPDX-License-Identifier: Apache-2.0
// The client against a server that speaks containerd's protocol as 1.6 and 2.x do. (tests/containerd has the real 1.6; Debian has no
// 2.x.)
#include "containerd/client.h"

#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <map>

#include <containers.grpc.pb.h>
#include <sandbox.grpc.pb.h>
#include "base/fd.h"
#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::containerd;

namespace {

namespace containers = ::containerd::services::containers::v1;
namespace sandboxes = ::containerd::services::sandbox::v1;
using Outcome = Result<std::optional<Labels>>;

std::string name_space_of(const grpc::ServerContext& context) {
    const auto header = context.client_metadata().find("containerd-namespace");
    return header == context.client_metadata().end() ? "" : std::string(header->second.data(), header->second.size());
}

std::string metadata(const std::string& uid, const std::string& label) {
    return R"({"Version":"v1","Metadata":{"Config":{"metadata":{"name":"p","uid":")" + uid + R"("},"labels":{"app":")" + label + R"("}}}})";
}

// By "namespace/id".
class Containers final : public containers::Containers::Service {
  public:
    std::map<std::string, containers::Container> known;

    grpc::Status Get(grpc::ServerContext* context, const containers::GetContainerRequest* request,
                     containers::GetContainerResponse* reply) override {
        const auto found = known.find(name_space_of(*context) + "/" + request->id());
        if (found == known.end()) {
            return {grpc::StatusCode::NOT_FOUND, "not found"};
        }
        *reply->mutable_container() = found->second;
        return grpc::Status::OK;
    }
};

class Sandboxes final : public sandboxes::Store::Service {
  public:
    std::map<std::string, std::string> known;  // the pod's description

    grpc::Status Get(grpc::ServerContext* context, const sandboxes::StoreGetRequest* request, sandboxes::StoreGetResponse* reply) override {
        const auto found = known.find(name_space_of(*context) + "/" + request->sandbox_id());
        if (found == known.end()) {
            return {grpc::StatusCode::NOT_FOUND, "not found"};
        }
        (*reply->mutable_sandbox()->mutable_extensions())["metadata"].set_value(found->second);
        return grpc::Status::OK;
    }
};

class Server {
  public:
    explicit Server(bool with_sandboxes) {
        grpc::ServerBuilder builder;
        builder.AddListeningPort("unix:" + socket(), grpc::InsecureServerCredentials());
        builder.RegisterService(&containers);
        if (with_sandboxes) {
            builder.RegisterService(&sandboxes);
        }
        server_ = builder.BuildAndStart();
    }
    ~Server() { server_->Shutdown(); }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    Server(Server&&) = delete;
    Server& operator=(Server&&) = delete;

    std::string socket() const { return directory_.path() + "/containerd.sock"; }

    Containers containers;
    Sandboxes sandboxes;

  private:
    test::TempDir directory_;
    std::unique_ptr<grpc::Server> server_;
};

std::unique_ptr<Client> connect(const std::string& socket, const std::string& name_space = "k8s.io") {
    auto client = Client::create(socket, name_space);
    REQUIRE(client);
    return std::move(*client);
}

Outcome fetch(Client& client, const Container& container, std::chrono::milliseconds timeout = std::chrono::seconds(20)) {
    std::optional<Outcome> answer;
    client.fetch(container, timeout, [&answer](Outcome outcome) { answer = std::move(outcome); });
    while (!answer) {
        client.wait(std::chrono::seconds(1));
    }
    return *answer;
}

}  // namespace

TEST_CASE("1.6: a pod is a container with its description", "[C1]") {
    Server server(false);
    containers::Container& pod = server.containers.known["k8s.io/0a"];
    (*pod.mutable_labels())["app"] = "from the container, with those of the pause image";
    (*pod.mutable_extensions())["io.cri-containerd.sandbox.metadata"].set_value(metadata("u1", "web"));
    const std::unique_ptr<Client> client = connect(server.socket());
    const auto labels = fetch(*client, {"0a", "u1", true});
    REQUIRE(labels);
    CHECK(**labels == Labels{{"app", "web"}});
}

TEST_CASE("2.x: a pod is in the sandbox store while it has no container", "[C1]") {
    Server server(true);
    server.sandboxes.known["mine/0a"] = metadata("u1", "web");
    const std::unique_ptr<Client> client = connect(server.socket(), "mine");
    const auto labels = fetch(*client, {"0a", "u1", true});
    REQUIRE(labels);
    CHECK(**labels == Labels{{"app", "web"}});
}

TEST_CASE("a container of ctr has its own labels, without those that containerd adds") {
    Server server(GENERATE(true, false));
    containers::Container& web = server.containers.known["default/web"];
    (*web.mutable_labels())["app"] = "web";
    (*web.mutable_labels())["io.cri-containerd.kind"] = "container";
    const std::unique_ptr<Client> client = connect(server.socket());
    const auto labels = fetch(*client, {"default-web", "", false});
    REQUIRE(labels);
    CHECK(**labels == Labels{{"app", "web"}});
}

TEST_CASE("unknown ids: a container may belong to another runtime, a pod may not") {
    Server server(GENERATE(true, false));
    const std::unique_ptr<Client> client = connect(server.socket());
    const auto container = fetch(*client, {"0a", "", false});
    REQUIRE(container);
    CHECK_FALSE(container->has_value());
    const auto pod = fetch(*client, {"0a", "u1", true});
    REQUIRE_FALSE(pod);
    CHECK(pod.error().code() == Code::kTryAgain);
    CHECK_THAT(pod.error().message(), Catch::Contains("does not know container 0a"));
}

TEST_CASE("replies about another pod, without a description, or with too many labels, are errors") {
    Server server(true);
    const std::unique_ptr<Client> client = connect(server.socket());
    server.sandboxes.known["k8s.io/0a"] = metadata("u2", "web");
    CHECK_THAT(fetch(*client, {"0a", "u1", true}).error().message(), Catch::Contains("has pod UID u2"));
    server.sandboxes.known["k8s.io/0b"] = "no JSON";
    CHECK(fetch(*client, {"0b", "u1", true}).error().code() == Code::kInvalidInput);
    for (std::size_t i = 0; i <= kMaxLabels; ++i) {
        (*server.containers.known["default/many"].mutable_labels())["k" + std::to_string(i)] = "";
    }
    CHECK(fetch(*client, {"default-many", "", false}).error().code() == Code::kExhausted);
    // More than the limit for a reply.
    (*server.containers.known["default/huge"].mutable_labels())["k"] = std::string(kMaxReplyBytes, 'x');
    const auto huge = fetch(*client, {"default-huge", "", false});
    REQUIRE_FALSE(huge);
    CHECK(huge.error().code() == Code::kExhausted);
    CHECK_THAT(huge.error().message(), Catch::Contains("Containers/Get: the reply is longer than 4194304 bytes"));
}

TEST_CASE("a containerd that is away or silent costs no more than the timeout") {
    const test::TempDir directory;
    const std::string path = directory.path() + "/silent.sock";
    const Fd silent(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    REQUIRE(::bind(silent.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    REQUIRE(::listen(silent.get(), 8) == 0);
    for (const std::string& socket : {path, directory.path() + "/away.sock"}) {
        const std::unique_ptr<Client> client = connect(socket);
        const auto labels = fetch(*client, {"0a", "u1", true}, std::chrono::milliseconds(300));
        REQUIRE_FALSE(labels);
        CHECK(labels.error().code() == Code::kTryAgain);
        CHECK_THAT(labels.error().message(), Catch::Contains("did not answer"));
    }
}

TEST_CASE("many requests at once, and each gets its own reply") {
    constexpr std::size_t kContainers = 300;
    Server server(true);
    for (std::size_t i = 0; i < kContainers; ++i) {
        server.sandboxes.known["default/" + std::to_string(i)] = metadata("u", std::to_string(i));
    }
    const std::unique_ptr<Client> client = connect(server.socket());
    std::map<std::size_t, Outcome> answers;
    for (std::size_t i = 0; i < kContainers; ++i) {
        client->fetch({std::to_string(i), "u", true}, std::chrono::seconds(20),
                      [&answers, i](Outcome outcome) { answers.emplace(i, std::move(outcome)); });
    }
    while (answers.size() < kContainers) {
        client->wait(std::chrono::seconds(1));
    }
    for (const auto& [i, outcome] : answers) {
        INFO(i << (outcome ? "" : outcome.error().message()));
        REQUIRE(outcome);
        CHECK(**outcome == Labels{{"app", std::to_string(i)}});
    }
}

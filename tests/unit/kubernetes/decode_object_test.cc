// SPDX-License-Identifier: Apache-2.0
// Objects of the API server, well-formed and not.
#include "kubernetes/known/decode_object.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace namegate;
using namespace namegate::kubernetes;
using Json = nlohmann::json;

namespace {

Json pod() {
    return Json::parse(R"({
      "kind": "Pod", "apiVersion": "v1",
      "metadata": {"name": "cart", "namespace": "shop", "uid": "u1", "labels": {"app": "cart", "empty": ""},
                   "annotations": {"team": "a", "kubectl.kubernetes.io/last-applied-configuration": "{}"}},
      "spec": {"nodeName": "n1", "serviceAccountName": "runner", "containers": [
        {"name": "a", "ports": [{"name": "http", "containerPort": 8080}, {"containerPort": 9090},
                                {"name": "dns", "containerPort": 53, "protocol": "UDP"}]},
        {"name": "b", "ports": [{"name": "sig", "containerPort": 5060, "protocol": "SCTP"},
                                {"name": "odd", "containerPort": 1, "protocol": "QUIC"},
                                {"name": "large", "containerPort": 65536}, {"name": "zero", "containerPort": 0}]},
        {"name": "c"}]}})");
}

}  // namespace

TEST_CASE("a pod's labels, UID, account, annotations and named ports are read") {
    const auto object = decode_object(Kind::kPods, pod());
    REQUIRE(object);
    CHECK(to_string(object->name) == "shop/cart");
    CHECK(object->labels == Labels{{"app", "cart"}, {"empty", ""}});
    REQUIRE(object->pod);
    CHECK(object->pod->uid == "u1");
    CHECK(object->pod->static_uid.empty());
    CHECK(object->pod->service_account == "runner");
    CHECK(object->pod->annotations == Labels{{"team", "a"}});
    CHECK(object->pod->ports == std::vector<NamedPort>{{"http", 6, 8080}, {"dns", 17, 53}, {"sig", 132, 5060}});
}

TEST_CASE("whether a pod uses the node's network, and runs") {
    CHECK_FALSE(decode_object(Kind::kPods, pod())->pod->host_network);
    CHECK_FALSE(decode_object(Kind::kPods, pod())->pod->running);
    Json other = pod();
    other["spec"]["hostNetwork"] = true;
    other["status"] = {{"phase", "Running"}};
    CHECK(decode_object(Kind::kPods, other)->pod->host_network);
    CHECK(decode_object(Kind::kPods, other)->pod->running);
    other["spec"]["hostNetwork"] = "true";
    other["status"]["phase"] = "Succeeded";
    CHECK_FALSE(decode_object(Kind::kPods, other)->pod->host_network);
    CHECK_FALSE(decode_object(Kind::kPods, other)->pod->running);
}

TEST_CASE("the mirror of a static pod is found by the UID under which kubelet runs it") {
    Json mirror = pod();
    mirror["metadata"]["annotations"]["kubernetes.io/config.mirror"] = "0123abc";
    const auto object = decode_object(Kind::kPods, mirror);
    REQUIRE(object);
    CHECK(is_sandbox_of(*object->pod, "0123abc"));
    CHECK(is_sandbox_of(*object->pod, "u1"));
    CHECK(is_sandbox_of(*object->pod, ""));
    CHECK_FALSE(is_sandbox_of(*object->pod, "other"));
    CHECK_FALSE(is_sandbox_of(*decode_object(Kind::kPods, pod())->pod, "0123abc"));
}

TEST_CASE("a namespace and a service account have labels, or none") {
    const auto name_space = decode_object(Kind::kNamespaces, Json{{"metadata", {{"name", "shop"}, {"labels", {{"team", "a"}}}}}});
    REQUIRE(name_space);
    CHECK(to_string(name_space->name) == "shop");
    CHECK(name_space->labels == Labels{{"team", "a"}});
    CHECK_FALSE(name_space->pod);
    const auto account = decode_object(Kind::kServiceAccounts, Json{{"metadata", {{"name", "default"}, {"namespace", "shop"}}}});
    REQUIRE(account);
    CHECK(account->labels.empty());
}

TEST_CASE("what is no such object is refused with its name") {
    const auto message = [](Kind kind, const Json& object) { return decode_object(kind, object).error().message(); };
    CHECK(message(Kind::kPods, Json::object()) == "metadata is missing");
    CHECK(message(Kind::kPods, Json::array()) == "metadata is missing");
    CHECK(message(Kind::kPods, Json{{"metadata", {{"name", 1}}}}) == "metadata.name is missing");
    CHECK(message(Kind::kPods, Json{{"metadata", {{"name", "a"}}}}) == "metadata.namespace is missing");
    CHECK(message(Kind::kNamespaces, Json{{"metadata", {{"name", "a"}, {"namespace", "b"}}}}) == "a namespace has metadata.namespace");
    Json changed = pod();
    changed["metadata"].erase("uid");
    CHECK(message(Kind::kPods, changed) == "shop/cart: metadata.uid is missing");
    changed = pod();
    changed.erase("spec");
    CHECK(message(Kind::kPods, changed) == "shop/cart: spec is missing");
    changed = pod();
    changed["metadata"]["labels"]["app"] = 5;
    CHECK(message(Kind::kPods, changed) == "shop/cart: metadata.labels has a value that is not a string");
}

TEST_CASE("every size has a limit") {
    Json large = pod();
    for (std::size_t i = 0; i <= kMaxObjectLabels; ++i) {
        large["metadata"]["labels"]["key" + std::to_string(i)] = "";
    }
    CHECK(decode_object(Kind::kPods, large).error().code() == Code::kExhausted);
    large = pod();
    large["metadata"]["labels"]["long"] = std::string(kMaxObjectText, 'x');
    CHECK(decode_object(Kind::kPods, large).error().code() == Code::kExhausted);
    large = pod();
    large["metadata"]["name"] = std::string(kMaxObjectText + 1, 'x');
    CHECK(decode_object(Kind::kPods, large).error().code() == Code::kExhausted);
    large = pod();
    for (std::size_t i = 0; i <= kMaxPodPorts; ++i) {
        large["spec"]["containers"][2]["ports"].push_back({{"name", "p" + std::to_string(i)}, {"containerPort", i + 1}});
    }
    CHECK(decode_object(Kind::kPods, large).error().code() == Code::kExhausted);
    // Annotations are only for display: those without room are left out.
    large = pod();
    large["metadata"]["annotations"]["a"] = std::string(kMaxAnnotationBytes, 'x');
    CHECK(decode_object(Kind::kPods, large)->pod->annotations == Labels{{"team", "a"}});
}

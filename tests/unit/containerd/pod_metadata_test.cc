// SPDX-License-Identifier: Apache-2.0
#include "containerd/pod_metadata.h"

#include <catch2/catch.hpp>

using namespace namegate;
using namespace namegate::containerd;

namespace {

std::string with_config(const std::string& config) { return R"({"Version":"v1","Metadata":{"ID":"0a","Config":)" + config + "}}"; }

}  // namespace

TEST_CASE("a pod is read from containerd's description of it") {
    const auto pod = parse_pod_metadata(with_config(
        R"({"metadata":{"name":"weather","uid":"u1","namespace":"default","attempt":2},"labels":{"app":"web","b":""},"linux":{}})"));
    REQUIRE(pod);
    CHECK(pod->name == "weather");
    CHECK(pod->name_space == "default");
    CHECK(pod->uid == "u1");
    CHECK(pod->labels == Labels{{"app", "web"}, {"b", ""}});
    CHECK(parse_pod_metadata(with_config(R"({"metadata":{"name":"p"},"labels":null})"))->labels.empty());
}

TEST_CASE("a description in another form is an error, not a pod without labels") {
    for (const char* json : {"", "{", "[]", "7", R"({"Metadata":7})", R"({"Metadata":{"Config":[]}})", R"({"Metadata":{"Config":{}}})"}) {
        INFO(json);
        const auto pod = parse_pod_metadata(json);
        REQUIRE_FALSE(pod);
        CHECK(pod.error().code() == Code::kInvalidInput);
    }
    CHECK(parse_pod_metadata(with_config(R"({"metadata":{"name":"p"},"labels":[]})")).error().code() == Code::kInvalidInput);
    CHECK(parse_pod_metadata(with_config(R"({"metadata":{"name":"p"},"labels":{"a":1}})")).error().code() == Code::kInvalidInput);
}

TEST_CASE("labels are limited in number and length") {
    Labels labels;
    for (std::size_t i = 0; i < kMaxLabels; ++i) {
        labels["k" + std::to_string(i)] = "";
    }
    CHECK(check_labels(labels));
    labels["one more"] = "";
    CHECK(check_labels(labels).error().code() == Code::kExhausted);
    CHECK(check_labels({{"k", std::string(kMaxLabelText, 'x')}}));
    CHECK(check_labels({{"k", std::string(kMaxLabelText + 1, 'x')}}).error().code() == Code::kExhausted);
    labels.clear();
    for (std::size_t i = 0; i <= kMaxAllLabelBytes / kMaxLabelText; ++i) {
        labels["k" + std::to_string(i)] = std::string(kMaxLabelText, 'x');
    }
    CHECK(check_labels(labels).error().code() == Code::kExhausted);
}

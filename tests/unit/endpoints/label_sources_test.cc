// SPDX-License-Identifier: Apache-2.0
#include "endpoints/label_sources.h"

#include <catch2/catch.hpp>

#include "sample_record.h"

using namegate::Code;
using namegate::Error;
using namegate::Result;
using namegate::endpoints::Labels;
using namegate::endpoints::LabelSource;
using namegate::endpoints::LabelSources;
using namegate::endpoints::Record;
using namegate::test::sample_record;

namespace {

class BrokenSource final : public LabelSource {
  public:
    std::string_view name() const override { return "containerd"; }
    Result<std::optional<Labels>> labels(const Record&) override { return Error(Code::kTryAgain, "no connection"); }
};

std::optional<Labels> documents(std::string_view pod_namespace, std::string_view pod_name) {
    if (pod_namespace == "default" && pod_name == "weather") {
        return Labels{{"app", "from-file"}, {"extra", "1"}};
    }
    return std::nullopt;
}

}  // namespace

TEST_CASE("labels are merged, and the earlier source wins") {
    LabelSources args_first;
    REQUIRE(args_first.add(namegate::endpoints::make_cni_args_source()));
    REQUIRE(args_first.add(namegate::endpoints::make_files_source(documents)));
    CHECK(args_first.resolve(sample_record())->labels == Labels{{"app", "weather-app"}, {"tier", ""}, {"extra", "1"}});
    CHECK(args_first.names() == std::vector<std::string>{"cni-args", "files"});

    LabelSources files_first;
    REQUIRE(files_first.add(namegate::endpoints::make_files_source(documents)));
    REQUIRE(files_first.add(namegate::endpoints::make_cni_args_source()));
    CHECK(files_first.resolve(sample_record())->labels.at("app") == "from-file");
}

TEST_CASE("a pod that no file has, and a container without a pod, have the labels that came with ADD") {
    LabelSources sources;
    REQUIRE(sources.add(namegate::endpoints::make_files_source(documents)));
    Record record = sample_record();
    record.pod_name = GENERATE("unknown", "");
    CHECK(sources.resolve(record)->labels.empty());
    CHECK_FALSE(sources.resolve(record)->known);
    REQUIRE(sources.add(namegate::endpoints::make_cni_args_source()));
    CHECK(sources.resolve(record)->labels == record.cni_labels);
    CHECK(sources.resolve(record)->known);
}

TEST_CASE("a Kubernetes pod that came without labels does not count as a pod with none") {
    LabelSources sources;
    REQUIRE(sources.add(namegate::endpoints::make_cni_args_source()));
    Record record = sample_record();
    record.cni_labels.clear();
    record.cni_labels_given = false;
    record.kubernetes = true;
    CHECK_FALSE(sources.resolve(record)->known);
    record.cni_labels_given = true;
    CHECK(sources.resolve(record)->known);
    record.cni_labels_given = false;
    record.kubernetes = false;
    CHECK(sources.resolve(record)->known);
}

TEST_CASE("no source is asked after one that cannot reply: its labels would come first") {
    LabelSources sources;
    REQUIRE(sources.add(namegate::endpoints::make_cni_args_source()));
    REQUIRE(sources.add(std::make_unique<BrokenSource>()));
    REQUIRE(sources.add(namegate::endpoints::make_files_source(documents)));
    const auto resolved = sources.resolve(sample_record());
    REQUIRE(resolved);
    CHECK(resolved->labels == sample_record().cni_labels);
    CHECK_FALSE(resolved->known);
    CHECK(resolved->missing == "label source \"containerd\": no connection");
}

TEST_CASE("containerd's labels are unknown until it was asked") {
    LabelSources sources;
    REQUIRE(sources.add(namegate::endpoints::make_containerd_source()));
    Record record = sample_record();
    CHECK_FALSE(sources.resolve(record)->missing.empty());
    record.containerd_labels.emplace();
    CHECK(sources.resolve(record)->labels.empty());
    CHECK(sources.resolve(record)->known);
    CHECK(sources.resolve(record)->missing.empty());
    record.containerd_labels = Labels{{"app", "web"}};
    CHECK(sources.resolve(record)->labels.at("app") == "web");
}

TEST_CASE("a source is listed once, and labels are limited") {
    LabelSources sources;
    REQUIRE(sources.add(namegate::endpoints::make_cni_args_source()));
    CHECK(sources.add(namegate::endpoints::make_cni_args_source()).error().code() == Code::kExists);
    Record record = sample_record();
    for (std::size_t i = 0; i < namegate::endpoints::kMaxRecordLabels; ++i) {
        record.cni_labels["key" + std::to_string(i)] = "";
    }
    CHECK(sources.resolve(record).error().code() == Code::kExhausted);
}

// SPDX-License-Identifier: Apache-2.0
// The providers of labels: their order, unknown labels, and requests.
#include "labels/provider_set.h"

#include <catch2/catch.hpp>

#include "labels/cni_args/cni_args.h"
#include "labels/containerd/containerd.h"
#include "labels/files/files.h"
#include "labels/registry.h"
#include "unit/endpoints/sample_record.h"

using namespace namegate;
using namespace namegate::labels;
using namegate::endpoints::Record;
using namegate::test::sample_record;

namespace {

std::optional<Labels> documents(std::string_view pod_namespace, std::string_view pod_name) {
    if (pod_namespace == "default" && pod_name == "weather") {
        return Labels{{"app", "from-file"}, {"extra", "1"}};
    }
    return std::nullopt;
}

ProviderSettings settings() {
    ProviderSettings out;
    out.find_pod_labels = documents;
    return out;
}

// Replies when it is told to.
class Service final : public Provider {
  public:
    explicit Service(std::string_view name) : name_(name) {}
    std::string_view name() const override { return name_; }
    Reply labels(const Record& record) const override {
        const Labels* own = record.labels_of(name_);
        return own == nullptr ? Reply(Error(Code::kTryAgain, "no connection")) : Reply(std::optional<Labels>(*own));
    }
    bool is_available() const override { return available; }
    bool must_be_asked() const override { return true; }
    Result<int> open() override { return 0; }
    void ask(const Record& /*record*/, std::chrono::milliseconds /*timeout*/, const Done& done) override { done_ = done; }
    void wait(std::chrono::milliseconds /*time*/) override {
        if (++waits == answer_after && done_) {
            done_(answer);
        }
    }
    void change(const std::string& container) const { report_changed(container, "eth0"); }

    bool available = true;
    int waits = 0;
    int answer_after = 1;
    Reply answer{std::optional<Labels>(Labels{{"app", "told"}})};

  private:
    std::string_view name_;
    Done done_;
};

struct Set {
    std::vector<std::unique_ptr<Provider>> providers;
    Set& operator<<(std::unique_ptr<Provider> one) {
        providers.push_back(std::move(one));
        return *this;
    }
    ProviderSet make() { return ProviderSet(std::move(providers)); }
};

}  // namespace

TEST_CASE("labels are merged, and the earlier provider wins") {
    const ProviderSet args_first(std::vector<std::string>{"cni-args", "files"}, settings());
    CHECK(args_first.resolve(sample_record())->labels == Labels{{"app", "weather-app"}, {"tier", ""}, {"extra", "1"}});
    const ProviderSet files_first(std::vector<std::string>{"files", "cni-args"}, settings());
    CHECK(files_first.resolve(sample_record())->labels.at("app") == "from-file");
}

TEST_CASE("a pod that no file has, and a container without a pod, have the labels that came with ADD") {
    Record record = sample_record();
    record.pod_name = GENERATE("unknown", "");
    const ProviderSet files(std::vector<std::string>{"files"}, settings());
    CHECK(files.resolve(record)->labels.empty());
    CHECK_FALSE(files.resolve(record)->known);
    const ProviderSet both(std::vector<std::string>{"files", "cni-args"}, settings());
    CHECK(both.resolve(record)->labels == record.labels.at("cni-args"));
    CHECK(both.resolve(record)->known);
}

TEST_CASE("a Kubernetes pod that came without labels does not count as a pod with none") {
    const ProviderSet args(std::vector<std::string>{"cni-args"}, settings());
    Record record = sample_record();
    record.labels.clear();
    record.kubernetes = true;
    CHECK_FALSE(args.resolve(record)->known);
    record.labels["cni-args"];
    CHECK(args.resolve(record)->known);
    record.labels.clear();
    record.kubernetes = false;
    CHECK(args.resolve(record)->known);
}

TEST_CASE("no provider is asked after one that cannot reply: its labels would come first") {
    Set set;
    set << make_cni_args(settings()) << std::make_unique<Service>("service") << make_files(settings());
    const ProviderSet providers = set.make();
    const auto resolved = providers.resolve(sample_record());
    REQUIRE(resolved);
    CHECK(resolved->labels == sample_record().labels.at("cni-args"));
    CHECK_FALSE(resolved->known);
    CHECK(resolved->missing == "label source \"service\": no connection");
}

TEST_CASE("containerd's labels are unknown until it has replied") {
    const ProviderSet providers(std::vector<std::string>{"containerd"}, settings());
    Record record = sample_record();
    CHECK_FALSE(providers.resolve(record)->missing.empty());
    REQUIRE(providers.next_to_ask(record) != nullptr);
    CHECK(providers.next_to_ask(record)->name() == kContainerd);
    record.labels["containerd"];
    CHECK(providers.next_to_ask(record) == nullptr);
    CHECK(providers.resolve(record)->labels.empty());
    CHECK(providers.resolve(record)->known);
    CHECK(providers.resolve(record)->missing.empty());
    record.labels["containerd"] = Labels{{"app", "web"}};
    CHECK(providers.resolve(record)->labels.at("app") == "web");
}

TEST_CASE("a provider that is not on the node does not count, unless it replied before") {
    auto service = std::make_unique<Service>("service");
    Service& away = *service;
    away.available = false;
    Set set;
    set << std::move(service) << make_cni_args(settings());
    const ProviderSet providers = set.make();
    Record record = sample_record();
    CHECK(providers.next_to_ask(record) == nullptr);
    CHECK(providers.resolve(record)->missing.empty());
    record.labels["service"] = Labels{{"app", "web"}};
    CHECK(providers.resolve(record)->labels.at("app") == "web");
}

TEST_CASE("providers that must be asked are asked in order") {
    Set set;
    set << std::make_unique<Service>("first") << make_cni_args(settings()) << std::make_unique<Service>("second");
    const ProviderSet providers = set.make();
    CHECK(providers.to_be_asked().size() == 2);
    Record record = sample_record();
    CHECK(providers.next_to_ask(record)->name() == "first");
    record.labels["first"];
    CHECK(providers.next_to_ask(record)->name() == "second");
    record.labels["second"];
    CHECK(providers.next_to_ask(record) == nullptr);
}

TEST_CASE("a request waits for the reply, gives up when told to, and an error means try again") {
    Service service("service");
    const auto never = [] { return false; };
    const auto told = ask_and_wait(service, sample_record(), std::chrono::seconds(1), never);
    REQUIRE(told);
    CHECK(told->value().at("app") == "told");
    service.answer = Provider::Reply(std::optional<Labels>());
    service.waits = 0;
    const auto none = ask_and_wait(service, sample_record(), std::chrono::seconds(1), never);
    REQUIRE(none);
    CHECK(none->value().empty());
    service.answer = Provider::Reply(Error(Code::kInvalidInput, "garbage"));
    service.waits = 0;
    CHECK(ask_and_wait(service, sample_record(), std::chrono::seconds(1), never).error().code() == Code::kTryAgain);
    service.answer_after = 0;
    const auto given_up = ask_and_wait(service, sample_record(), std::chrono::seconds(1), [] { return true; });
    REQUIRE(given_up);
    CHECK_FALSE(given_up->has_value());
}

TEST_CASE("a provider reports which endpoint has other labels now") {
    Service service("service");
    service.change("unheard");
    std::string changed;
    service.set_observer([&changed](const std::string& container, const std::string& ifname) { changed = container + "/" + ifname; });
    service.change("c1");
    CHECK(changed == "c1/eth0");
}

TEST_CASE("labels are limited, in total over all providers") {
    const ProviderSet providers(std::vector<std::string>{"cni-args"}, settings());
    Record record = sample_record();
    for (std::size_t i = 0; i < namegate::endpoints::kMaxRecordLabels; ++i) {
        record.labels["cni-args"]["key" + std::to_string(i)] = "";
    }
    CHECK(providers.resolve(record).error().code() == Code::kExhausted);
}

TEST_CASE("without a configured order, containerd is asked for Kubernetes pods only") {
    CHECK(default_order(true) == std::vector<std::string>{"containerd", "cni-args", "files"});
    CHECK(default_order(false) == std::vector<std::string>{"cni-args", "files"});
}

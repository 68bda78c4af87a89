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

std::optional<Description> documents(std::string_view pod_namespace, std::string_view pod_name) {
    if (pod_namespace == "default" && pod_name == "weather") {
        return Description{
            Labels{{"app", "from-file"}, {"extra", "1"}}, {{"team", "files"}, {"note", "x"}}, {{"http", 6, 80}, {"dns", 17, 53}}};
    }
    return std::nullopt;
}

ProviderSettings settings() {
    ProviderSettings out;
    out.find_pod = documents;
    return out;
}

// Replies when it is told to.
class Service final : public Provider {
  public:
    explicit Service(std::string_view name) : name_(name) {}
    std::string_view name() const override { return name_; }
    Reply describe(const Record& record) const override {
        const Description* own = record.description_of(name_);
        return own == nullptr ? Reply(Error(Code::kTryAgain, "no connection")) : Reply(std::optional(*own));
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
    Reply answer{std::optional(Description{Labels{{"app", "told"}}})};

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

TEST_CASE("annotations and named ports are merged like labels: the earlier provider wins") {
    Record record = sample_record();
    record.described["service"] = {Labels{{"app", "asked"}}, {{"team", "asked"}}, {{"http", 6, 8080}, {"http", 17, 8443}, {"web", 6, 1}}};
    const auto resolve = [&](bool service_first) {
        Set set;
        set << (service_first ? std::unique_ptr<Provider>(std::make_unique<Service>("service")) : make_files(settings()))
            << make_cni_args(settings())
            << (service_first ? make_files(settings()) : std::unique_ptr<Provider>(std::make_unique<Service>("service")));
        return *set.make().resolve(record);
    };
    const std::vector<NamedPort> service_first = {{"http", 6, 8080}, {"http", 17, 8443}, {"web", 6, 1}, {"dns", 17, 53}};
    CHECK(resolve(true).ports == service_first);
    CHECK(resolve(true).annotations == Labels{{"team", "asked"}, {"kubernetes.io/config.source", "api"}, {"note", "x"}});
    const std::vector<NamedPort> files_first = {{"http", 6, 80}, {"dns", 17, 53}, {"web", 6, 1}};
    CHECK(resolve(false).ports == files_first);
    CHECK(resolve(false).annotations == Labels{{"team", "files"}, {"note", "x"}, {"kubernetes.io/config.source", "api"}});
    // A provider that has not replied hides labels of later ones, but not their ports.
    record.described.erase("service");
    CHECK_FALSE(resolve(true).known);
    CHECK(resolve(true).labels.count("extra") == 0);
    CHECK(resolve(true).ports == std::vector<NamedPort>{{"http", 6, 80}, {"dns", 17, 53}});
}

TEST_CASE("annotations of ADD are shown without labels, and without their provider; they are limited") {
    Record record = sample_record();
    record.described["cni-args"].labels.reset();
    const ProviderSet args(std::vector<std::string>{"cni-args"}, settings());
    CHECK_FALSE(args.resolve(record)->known);
    CHECK(args.resolve(record)->annotations == record.described["cni-args"].annotations);
    const ProviderSet files(std::vector<std::string>{"files"}, settings());
    CHECK(files.resolve(record)->annotations.at("team") == "files");
    CHECK(files.resolve(record)->annotations.count("kubernetes.io/config.source") == 1);
    record.described["cni-args"].annotations["long"] = std::string(namegate::endpoints::kMaxRecordText + 1, 'x');
    CHECK(files.resolve(record)->annotations.count("long") == 0);
}

TEST_CASE("a pod that no file has, and a container without a pod, have the labels that came with ADD") {
    Record record = sample_record();
    record.pod_name = GENERATE("unknown", "");
    const ProviderSet files(std::vector<std::string>{"files"}, settings());
    CHECK(files.resolve(record)->labels.empty());
    CHECK_FALSE(files.resolve(record)->known);
    const ProviderSet both(std::vector<std::string>{"files", "cni-args"}, settings());
    CHECK(both.resolve(record)->labels == *record.labels_of("cni-args"));
    CHECK(both.resolve(record)->known);
}

TEST_CASE("a Kubernetes pod that came without labels does not count as a pod with none") {
    const ProviderSet args(std::vector<std::string>{"cni-args"}, settings());
    Record record = sample_record();
    record.described.clear();
    record.kubernetes = true;
    CHECK_FALSE(args.resolve(record)->known);
    record.described["cni-args"].labels.emplace();
    CHECK(args.resolve(record)->known);
    record.described.clear();
    record.kubernetes = false;
    CHECK(args.resolve(record)->known);
}

TEST_CASE("no provider is asked after one that cannot reply: its labels would come first") {
    Set set;
    set << make_cni_args(settings()) << std::make_unique<Service>("service") << make_files(settings());
    const ProviderSet providers = set.make();
    const auto resolved = providers.resolve(sample_record());
    REQUIRE(resolved);
    CHECK(resolved->labels == *sample_record().labels_of("cni-args"));
    CHECK_FALSE(resolved->known);
    CHECK(resolved->missing == "label source \"service\": no connection");
}

TEST_CASE("containerd's labels are unknown until it has replied") {
    const ProviderSet providers(std::vector<std::string>{"containerd"}, settings());
    Record record = sample_record();
    CHECK_FALSE(providers.resolve(record)->missing.empty());
    REQUIRE(providers.next_to_ask(record) != nullptr);
    CHECK(providers.next_to_ask(record)->name() == kContainerd);
    record.described["containerd"].labels.emplace();
    CHECK(providers.next_to_ask(record) == nullptr);
    CHECK(providers.resolve(record)->labels.empty());
    CHECK(providers.resolve(record)->known);
    CHECK(providers.resolve(record)->missing.empty());
    record.described["containerd"].labels = Labels{{"app", "web"}};
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
    record.described["service"].labels = Labels{{"app", "web"}};
    CHECK(providers.resolve(record)->labels.at("app") == "web");
}

TEST_CASE("providers that must be asked are asked in order") {
    Set set;
    set << std::make_unique<Service>("first") << make_cni_args(settings()) << std::make_unique<Service>("second");
    const ProviderSet providers = set.make();
    CHECK(providers.to_be_asked().size() == 2);
    Record record = sample_record();
    CHECK(providers.next_to_ask(record)->name() == "first");
    record.described["first"];
    CHECK(providers.next_to_ask(record)->name() == "second");
    record.described["second"];
    CHECK(providers.next_to_ask(record) == nullptr);
}

TEST_CASE("a request waits for the reply, gives up when told to, and an error means try again") {
    Service service("service");
    const auto never = [] { return false; };
    const auto told = ask_and_wait(service, sample_record(), std::chrono::seconds(1), never);
    REQUIRE(told);
    CHECK(told->value().labels->at("app") == "told");
    service.answer = Provider::Reply(std::optional<Description>());
    service.waits = 0;
    const auto none = ask_and_wait(service, sample_record(), std::chrono::seconds(1), never);
    REQUIRE(none);
    CHECK_FALSE(none->has_value());
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
        (*record.described["cni-args"].labels)["key" + std::to_string(i)] = "";
    }
    CHECK(providers.resolve(record).error().code() == Code::kExhausted);
}

TEST_CASE("without a configured order, containerd is asked for Kubernetes pods only") {
    CHECK(default_order(true, false) == std::vector<std::string>{"containerd", "cni-args", "files"});
    CHECK(default_order(false, false) == std::vector<std::string>{"cni-args", "files"});
    CHECK(default_order(true, true) == std::vector<std::string>{"kubernetes", "containerd", "cni-args", "files"});
    CHECK(default_order(false, true) == std::vector<std::string>{"cni-args", "files"});
}

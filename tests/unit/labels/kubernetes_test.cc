// SPDX-License-Identifier: Apache-2.0
// The API server as a provider of labels: what it knows, what it hides, and how long a pod is waited for.
#include "labels/kubernetes/kubernetes.h"

#include <catch2/catch.hpp>

#include "kubernetes/known/knowledge.h"
#include "labels/names.h"
#include "labels/provider_set.h"
#include "unit/endpoints/sample_record.h"

using namespace namegate;
using namespace namegate::labels;
using kubernetes::Kind;
using kubernetes::Knowledge;
using namegate::endpoints::Record;
using std::chrono::milliseconds;

namespace {

Record pod_record(const std::string& uid = "u1") {
    Record record = test::sample_record();
    record.described.clear();
    record.kubernetes = true;
    record.pod_namespace = "shop";
    record.pod_name = "cart";
    record.pod_uid = uid;
    record.service_account.clear();
    return record;
}

kubernetes::Object pod(const Labels& labels, const std::string& uid = "u1") {
    return {{"shop", "cart"}, labels, kubernetes::PodFacts{uid, "", "runner", {{"note", "x"}}, {{"http", 6, 80}}}};
}

struct Fixture {
    explicit Fixture(bool watched = true) : known(std::make_shared<Knowledge>("", watched)) {}

    ProviderSet set(const std::vector<std::string>& order) const {
        ProviderSettings settings;
        settings.api_server = known;
        settings.find_pod = [](std::string_view, std::string_view) {
            return std::optional(Description{Labels{{"app", "file"}, {"old", "1"}}, {{"note", "file"}}, {{"web", 6, 1}}});
        };
        return ProviderSet(order, settings);
    }
    void know_all() const {
        REQUIRE(known->put(Kind::kPods, pod({{"app", "api"}})));
        REQUIRE(known->put(Kind::kNamespaces, {{"", "shop"}, {{"team", "a"}}, {}}));
        REQUIRE(known->put(Kind::kServiceAccounts, {{"shop", "runner"}, {{"tier", "web"}}, {}}));
    }

    std::shared_ptr<Knowledge> known;
};

// How long the provider waits for the record's pod; it must reply with nothing to store.
milliseconds wait_for(Provider& provider, const Record& record, milliseconds timeout) {
    const auto before = std::chrono::steady_clock::now();
    const auto reply = ask_and_wait(provider, record, timeout, [] { return false; });
    CHECK(reply);
    CHECK_FALSE(reply->has_value());
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - before);
}

}  // namespace

TEST_CASE("what the API server says of a pod is all that there is: later sources add nothing") {
    const Fixture fixture;
    fixture.know_all();
    const ProviderSet set = fixture.set({"kubernetes", "files"});
    const auto resolved = set.resolve(pod_record());
    REQUIRE(resolved);
    CHECK(resolved->known);
    CHECK(resolved->labels == Labels{{"app", "api"}});  // a label that was removed does not come back from another source
    CHECK(resolved->ports == std::vector<NamedPort>{{"http", 6, 80}});
    CHECK(resolved->annotations.at("note") == "x");
    CHECK(resolved->service_account == "runner");
    CHECK(resolved->sources == std::vector<std::string_view>{"kubernetes"});
    CHECK(set.next_to_ask(pod_record()) == nullptr);
    // An earlier source comes first.
    const auto after_files = fixture.set({"files", "kubernetes"}).resolve(pod_record());
    CHECK(after_files->labels == Labels{{"app", "file"}, {"old", "1"}});
}

TEST_CASE("a pod that is not seen yet has unknown labels, and hides those of later sources") {
    const Fixture fixture;
    const ProviderSet set = fixture.set({"kubernetes", "files"});
    const auto resolved = set.resolve(pod_record());
    REQUIRE(resolved);
    CHECK_FALSE(resolved->known);
    CHECK(resolved->missing ==
          "label source \"kubernetes\": the API server has not shown the pod shop/cart with the UID u1 to this node yet");
    REQUIRE(set.next_to_ask(pod_record()) != nullptr);
    CHECK(set.next_to_ask(pod_record())->name() == kKubernetes);
    // The same name, but another pod: an older or a newer one.
    REQUIRE(fixture.known->put(Kind::kPods, pod({{"app", "other"}}, "u2")));
    CHECK_FALSE(set.resolve(pod_record())->known);
    CHECK(set.resolve(pod_record("u2"))->known);
    CHECK(set.resolve(pod_record(""))->known);  // a runtime that gives no UID
}

TEST_CASE("containers that are no pods are not its business") {
    const Fixture fixture;
    Record record = pod_record();
    record.kubernetes = false;
    const ProviderSet set = fixture.set({"kubernetes", "files"});
    CHECK(set.resolve(record)->labels.at("app") == "file");
    CHECK(set.next_to_ask(record) == nullptr);
}

TEST_CASE("waiting ends when pod, namespace and service account are known; not seen in time, the next source counts") {
    const Fixture fixture;
    const ProviderSet set = fixture.set({"kubernetes", "files"});
    Provider& provider = *set.next_to_ask(pod_record());
    CHECK(wait_for(provider, pod_record(), milliseconds(150)) >= milliseconds(150));
    CHECK(set.next_to_ask(pod_record()) == nullptr);
    CHECK(set.resolve(pod_record())->known);
    CHECK(set.resolve(pod_record())->labels.at("app") == "file");
    // Where no other source knows it, the reason is told.
    CHECK(fixture.set({"kubernetes"}).resolve(pod_record("u9"))->missing.find("with the UID u9 to this node yet") != std::string::npos);
    const ProviderSet alone = fixture.set({"kubernetes"});
    wait_for(*alone.next_to_ask(pod_record()), pod_record(), milliseconds(10));
    CHECK(alone.next_to_ask(pod_record()) == nullptr);
    CHECK_FALSE(alone.resolve(pod_record())->known);
    CHECK(alone.resolve(pod_record())->missing ==
          "label source \"kubernetes\": the API server has not shown the pod shop/cart with the UID u1 to this node yet");
    // Seen later, it counts again.
    fixture.know_all();
    CHECK(set.resolve(pod_record())->labels == Labels{{"app", "api"}});

    // The pod is known, and its namespace is not.
    const Fixture partly;
    REQUIRE(partly.known->put(Kind::kPods, pod({})));
    const ProviderSet other = partly.set({"kubernetes"});
    REQUIRE(other.next_to_ask(pod_record()) != nullptr);
    std::optional<Provider::Reply> reply;
    Provider& asked = *other.next_to_ask(pod_record());
    REQUIRE(asked.open());
    asked.ask(pod_record(), milliseconds(60'000), [&reply](Provider::Reply got) { reply = std::move(got); });
    asked.wait(milliseconds(30));
    CHECK_FALSE(reply);
    partly.know_all();
    asked.wait(milliseconds(1'000));
    CHECK(reply);
    CHECK(other.next_to_ask(pod_record()) == nullptr);
}

TEST_CASE("while the API server is away, the next source counts soon, and the API server may be asked again") {
    const Fixture fixture;
    fixture.known->set_away(true);
    const ProviderSet set = fixture.set({"kubernetes", "files"});
    const milliseconds took = wait_for(*set.next_to_ask(pod_record()), pod_record(), milliseconds(60'000));
    CHECK(took >= kWaitWhileAway);
    CHECK(took < milliseconds(30'000));
    CHECK(set.next_to_ask(pod_record()) == nullptr);
    CHECK(set.resolve(pod_record())->labels.at("app") == "file");
    // It may be back before the time is over.
    REQUIRE(set.next_to_ask_again(pod_record()) != nullptr);
    fixture.know_all();
    CHECK(set.next_to_ask_again(pod_record()) == nullptr);
    CHECK(set.resolve(pod_record())->labels.at("app") == "api");
}

TEST_CASE("an API server that is away for a moment ends no waiting") {
    const Fixture fixture;
    const ProviderSet set = fixture.set({"kubernetes"});
    Provider& provider = *set.next_to_ask(pod_record());
    REQUIRE(provider.open());
    std::optional<Provider::Reply> reply;
    provider.ask(pod_record(), milliseconds(60'000), [&reply](Provider::Reply got) { reply = std::move(got); });
    // Longer in all than it may be away at a time.
    const auto end = std::chrono::steady_clock::now() + kWaitWhileAway + milliseconds(500);
    for (bool away = false; std::chrono::steady_clock::now() < end; away = !away) {
        fixture.known->set_away(away);
        for (int i = 0; i < 10; ++i) {
            provider.wait(milliseconds(20));
        }
    }
    CHECK_FALSE(reply);
    fixture.know_all();
    provider.wait(milliseconds(1'000));
    CHECK(reply);
}

TEST_CASE("a pod that was seen once stays as it was last seen, in its record") {
    const Fixture fixture;
    fixture.know_all();
    const ProviderSet set = fixture.set({"kubernetes", "files"});
    Record record = pod_record();
    CHECK(set.refresh(record));
    CHECK_FALSE(set.refresh(record));
    CHECK(record.service_account == "runner");
    CHECK(record.described.at("kubernetes").labels == Labels{{"app", "api"}});
    CHECK(record.described.at("kubernetes").annotations.empty());
    // It survives the record's text form.
    const auto read = endpoints::record_from_json(endpoints::to_json(record));
    REQUIRE(read);
    CHECK(*read == record);
    // A change is stored; what is gone at the API server stays here.
    REQUIRE(fixture.known->put(Kind::kPods, pod({{"app", "new"}})));
    CHECK(set.refresh(record));
    fixture.known->remove(Kind::kPods, {"shop", "cart"});
    CHECK_FALSE(set.refresh(record));
    const auto resolved = set.resolve(record);
    CHECK(resolved->labels == Labels{{"app", "new"}});
    CHECK(resolved->service_account == "runner");
    CHECK(resolved->ports == std::vector<NamedPort>{{"http", 6, 80}});
    CHECK(set.next_to_ask(record) == nullptr);
}

TEST_CASE("a process that does not watch the API server reads what was kept, and never waits") {
    const Fixture fixture(false);
    const ProviderSet set = fixture.set({"kubernetes", "files"});
    CHECK(set.next_to_ask(pod_record()) == nullptr);
    CHECK(set.resolve(pod_record())->labels.at("app") == "file");
    fixture.know_all();
    CHECK(set.resolve(pod_record())->labels == Labels{{"app", "api"}});
}

TEST_CASE("labels of namespaces and service accounts come from the first source that knows them") {
    const Fixture fixture;
    const ProviderSet set = fixture.set({"kubernetes", "files"});
    CHECK(set.namespace_labels(pod_record(), false) == nullptr);
    CHECK(set.why_objects_unknown() == "the API server has not shown it to this node yet");
    CHECK(fixture.set({"files"}).why_objects_unknown().empty());
    CHECK(Fixture(false).set({"kubernetes"}).why_objects_unknown().empty());
    fixture.know_all();
    REQUIRE(set.namespace_labels(pod_record(), true));
    CHECK(*set.namespace_labels(pod_record(), true) == Labels{{"team", "a"}});
    CHECK(*set.account_labels(pod_record(), "runner", true) == Labels{{"tier", "web"}});
    CHECK(set.account_labels(pod_record(), "other", false) == nullptr);
    // A document of an earlier source wins, one of a later source does not.
    const ProviderSet files_first = fixture.set({"files", "kubernetes"});
    CHECK(files_first.namespace_labels(pod_record(), true) == nullptr);
    CHECK(files_first.namespace_labels(pod_record(), false) != nullptr);
}

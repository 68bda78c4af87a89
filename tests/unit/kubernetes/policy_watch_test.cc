// SPDX-License-Identifier: Apache-2.0
// Policies over real HTTPS connections: which groups are read, and what is known of their objects whatever the API server does.
#include "kubernetes/client/policy_watch.h"

#include <catch2/catch.hpp>

#include "support/api_server/api_server.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"
#include "watching.h"

using namespace namegate;
using namespace namegate::kubernetes;
using namegate::test::ApiServer;
using std::chrono::milliseconds;
using Json = nlohmann::json;

namespace policy_watch_test {
namespace {

constexpr const char* kPolicies = "api:networking.k8s.io/v1/networkpolicies/";
constexpr const char* kCalicoSets = "projectcalico.org/v3/globalnetworksets";
constexpr const char* kStoredSets = "crd.projectcalico.org/v1/globalnetworksets";

DiscoveryTiming discovery_timing() {
    DiscoveryTiming out;
    out.first_delay = milliseconds(20);
    out.max_delay = milliseconds(100);
    out.silence = milliseconds(500);
    out.again = milliseconds(200);
    out.missing = milliseconds(50);
    out.not_found = milliseconds(50);
    return out;
}

Json policy_object(const std::string& name) {
    return {{"metadata", {{"name", name}, {"namespace", "shop"}}}, {"spec", {{"podSelector", Json::object()}}}};
}

Json set_object(const std::string& name, const std::string& net = "1.2.3.4") {
    return {{"metadata", {{"name", name}}}, {"spec", {{"nets", {net}}}}};
}

struct Fixture {
    test::TempDir dir;
    ApiServer server;
    SystemClock clock;
    test::ManualClock ledger_clock;
    Knowledge known{"", true};
    std::string kubeconfig = server.write_kubeconfig(dir.path(), "");
    std::unique_ptr<ApiSource> source;
    std::unique_ptr<policy::ObjectSource> objects;
    std::unique_ptr<policy::DocumentLedger> ledger;
    std::unique_ptr<PolicyWatch> watch;

    ~Fixture() { watch.reset(); }
    void open(const char* name) {
        source =
            std::move(ApiSource::create({credentials_reader(kubeconfig), "n1", [] { return 0.5; }, test::quick_timing()}, known, clock))
                .value();
        objects = std::make_unique<policy::ObjectSource>(std::string("api:") + name);
        ledger = std::make_unique<policy::DocumentLedger>(ledger_clock);
        watch = std::make_unique<PolicyWatch>(
            *find_policy_source(name), *source, *objects, clock, [] { return 0.5; }, discovery_timing());
    }
    void work() {
        source->work();
        watch->work();
        if (objects->has_changed()) {
            ledger->begin();
            objects->report(*ledger);
            REQUIRE(ledger->finish());
        }
    }
    template <typename Condition>
    bool becomes(Condition condition) {
        return test::becomes(
            source->fd(), condition, [&] { work(); },
            [&] { return "waiting: " + objects->waiting() + ", last error: " + source->status().error; });
    }
    bool completes() {
        return becomes([&] { return objects->waiting().empty() && !objects->has_changed(); });
    }
    // The documents, with the mark of what is in force of each.
    std::string documents() const {
        std::string out;
        for (const policy::FileStatus& one : ledger->files()) {
            out += one.path + ": " + std::string(policy::to_string(one.in_force)) + "\n";
        }
        return out;
    }
    bool shows(const std::string& expected) {
        return becomes([&] { return documents() == expected; });
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "objects are documents: added, changed, broken and removed, and listed again after a lost watch") {
    server.serve_group("networking.k8s.io/v1", {"networkpolicies"});
    server.put(test::kNetworkPolicies, policy_object("deny"));
    open("kubernetes");
    CHECK(objects->waiting() == policy::kObjectsNotRead);
    REQUIRE(completes());
    CHECK(documents() == kPolicies + std::string("shop/deny: current\n"));
    // The newest list counts: one from the server's cache may lack a policy.
    for (const auto& request : server.requests()) {
        CHECK((request.path != "/apis/networking.k8s.io/v1/networkpolicies" || request.query.count("watch") != 0 ||
               request.query.count("resourceVersion") == 0));
    }
    server.put(test::kNetworkPolicies, policy_object("second"));
    CHECK(shows(kPolicies + std::string("shop/deny: current\n") + kPolicies + "shop/second: current\n"));
    Json bad = policy_object("deny");
    bad["spec"]["podSelecter"] = 1;
    server.put(test::kNetworkPolicies, bad);
    CHECK(shows(kPolicies + std::string("shop/deny: last good\n") + kPolicies + "shop/second: current\n"));
    // What the server or a controller writes into the object is no change.
    const std::uint64_t revision = ledger->revision();
    Json touched = policy_object("second");
    touched["metadata"]["generation"] = 7;
    touched["status"] = {{"x", 1}};
    server.put(test::kNetworkPolicies, touched);
    server.remove(test::kNetworkPolicies, "shop", "deny");
    CHECK(shows(kPolicies + std::string("shop/second: current\n")));
    CHECK(ledger->revision() == revision + 1);
    server.put(test::kNetworkPolicies, policy_object("third"));
    server.remove(test::kNetworkPolicies, "shop", "second");
    server.compact();
    server.drop_connections();
    CHECK(shows(kPolicies + std::string("shop/third: current\n")));
}

TEST_CASE_METHOD(Fixture,
                 "an object that cannot be read keeps its last good content; a list with one that has no name counts as not read") {
    server.serve_group("networking.k8s.io/v1", {"networkpolicies"});
    server.put(test::kNetworkPolicies, policy_object("deny"));
    server.put(test::kNetworkPolicies, policy_object("other"));
    open("kubernetes");
    REQUIRE(completes());
    const std::string large(kMaxObjectBytes, 'x');
    Json too_large = policy_object("deny");
    too_large["spec"]["x"] = large;
    const std::string expected = kPolicies + std::string("shop/deny: last good\n") + kPolicies + "shop/other: current\n";
    SECTION("in an event") {
        server.put(test::kNetworkPolicies, too_large);
        CHECK(shows(expected));
    }
    SECTION("in a list") {
        server.put(test::kNetworkPolicies, too_large);
        server.compact();
        server.drop_connections();
        CHECK(shows(expected));
    }
    SECTION("without a name") {
        server.put(test::kNetworkPolicies, {{"metadata", {{"name", "no/name"}, {"namespace", "shop"}}}});
        server.remove(test::kNetworkPolicies, "shop", "other");
        server.compact();
        server.drop_connections();
        CHECK(becomes([&] { return objects->problem().find("with one that is none") != std::string::npos; }));
        CHECK(documents().find("shop/other") != std::string::npos);
        server.remove(test::kNetworkPolicies, "shop", "no/name");
        CHECK(shows(kPolicies + std::string("shop/deny: current\n")));
    }
}

TEST_CASE_METHOD(Fixture, "of Calico's groups the API counts before what it stores, and nothing twice") {
    server.serve_group("crd.projectcalico.org/v1", {"globalnetworksets", "tiers"});
    server.put(kStoredSets, set_object("stored"));
    SECTION("only what is stored is there, until the API is") {
        open("calico");
        REQUIRE(completes());
        CHECK(documents() == "api:crd.projectcalico.org/v1/globalnetworksets/stored: current\n");
        server.serve_group("projectcalico.org/v3", {"globalnetworksets", "tiers"});
        server.put(kCalicoSets, set_object("shown"));
        CHECK(shows("api:projectcalico.org/v3/globalnetworksets/shown: current\n"));
    }
    SECTION("both are there") {
        server.serve_group("projectcalico.org/v3", {"globalnetworksets", "tiers"});
        server.put(kCalicoSets, set_object("shown"));
        open("calico");
        REQUIRE(completes());
        CHECK(documents() == "api:projectcalico.org/v3/globalnetworksets/shown: current\n");
    }
    SECTION("the API fails: what is stored does not stand in for it") {
        server.set_status_of("projectcalico.org/v3", 503);
        open("calico");
        CHECK(becomes([&] { return objects->problem().find("projectcalico.org/v3: HTTP status 503") == 0; }));
        CHECK(documents().empty());
        server.set_status_of("projectcalico.org/v3", 200);
        REQUIRE(completes());
        CHECK(documents() == "api:crd.projectcalico.org/v1/globalnetworksets/stored: current\n");
    }
}

TEST_CASE_METHOD(Fixture, "a group that the server does not have is empty; it is found when it comes, and its objects stay when it goes") {
    open("namegate");
    REQUIRE(completes());
    CHECK(documents().empty());
    const std::string kind = "policy.namegate.dev/v1/globalnetworksets";
    server.put(kind, set_object("own"));
    server.serve_group("policy.namegate.dev/v1", {"globalnetworksets"});
    CHECK(shows("api:" + kind + "/own: current\n"));
    // The watch ends with "not found".
    server.serve_group("policy.namegate.dev/v1", {});
    server.drop_connections();
    CHECK(shows("api:" + kind + "/own: last good\n"));
    server.serve_group("policy.namegate.dev/v1", {"globalnetworksets"});
    server.remove(kind, "", "own");
    CHECK(shows(""));
}

TEST_CASE_METHOD(Fixture, "without the right to list a kind, or without a server, the source says so and waits") {
    server.serve_group("networking.k8s.io/v1", {"networkpolicies"});
    server.put(test::kNetworkPolicies, policy_object("deny"));
    SECTION("no right") {
        server.set_status_of(test::kNetworkPolicies, 403);
        open("kubernetes");
        CHECK(becomes([&] { return objects->problem().find("HTTP status 403: no rights for") == 0; }));
        server.set_status_of(test::kNetworkPolicies, 200);
    }
    SECTION("no server") {
        server.stop();
        open("kubernetes");
        CHECK(becomes([&] { return !objects->problem().empty(); }));
        server.start();
    }
    SECTION("a server that is silent") {
        server.set_delay(milliseconds(2'000));
        open("kubernetes");
        CHECK(becomes([&] { return objects->problem().find("does not answer") != std::string::npos; }));
        server.set_delay(milliseconds(0));
    }
    CHECK(ledger->gaps().size() == 1);
    REQUIRE(completes());
    CHECK(ledger->gaps().empty());
    // Away after a complete list: what is known stays.
    server.stop();
    CHECK(becomes([&] { return source->status().away; }));
    CHECK(documents() == kPolicies + std::string("shop/deny: current\n"));
}

}  // namespace policy_watch_test

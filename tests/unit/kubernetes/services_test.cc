// SPDX-License-Identifier: Apache-2.0
// Services, EndpointSlices and pods of other nodes: objects well-formed and hostile, the kept files, and the watches of parts of a kind.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "kubernetes/client/scoped_watches.h"
#include "kubernetes/known/decode_object.h"
#include "kubernetes/known/decode_service.h"
#include "kubernetes/known/kept_objects.h"
#include "support/api_server/api_server.h"
#include "support/temp_dir.h"
#include "watching.h"

using namespace namegate;
using namespace namegate::kubernetes;
using Json = nlohmann::json;
using std::chrono::milliseconds;

namespace {

const Json kDatabasePort = {{{"name", "sql"}, {"protocol", "TCP"}, {"port", 5432}}};

IpAddress ip(const std::string& text) { return *IpAddress::parse(text); }

// As the parser makes it of text: numbers are unsigned.
Result<Object> decoded_from(Kind kind, const Json& object) { return decode_object(kind, Json::parse(object.dump())); }

Json service() {
    Json out = test::service_object("shop", "db", {"10.96.0.7", "fd00::7"}, kDatabasePort);
    out["spec"]["externalIPs"] = {"198.51.100.7"};
    out["status"]["loadBalancer"]["ingress"] = {
        {{"ip", "198.51.100.8"}, {"ipMode", "VIP"}}, {{"ip", "198.51.100.9"}, {"ipMode", "Proxy"}}, {{"hostname", "lb.example"}}};
    return out;
}

Json slice(const std::vector<test::SlicePod>& pods) { return test::slice_object("shop", "db", "x1", kDatabasePort, pods); }

Json running_pod(const std::string& name, const std::string& address, const Json& labels = {{"app", "db"}}) {
    return test::pod_object("n2", "shop", name, "uid-" + name, labels,
                            {{"status", {{"phase", "Running"}, {"podIPs", {{{"ip", address}}}}}}});
}

}  // namespace

TEST_CASE("a Service's addresses and ports are read; what cannot be the address of a Service is left out") {
    const auto object = decoded_from(Kind::kServices, service());
    REQUIRE(object);
    const ServiceFacts& facts = *object->service;
    CHECK(facts.cluster == std::vector{ip("10.96.0.7"), ip("fd00::7")});
    CHECK(facts.external == std::vector{ip("198.51.100.7"), ip("198.51.100.8")});
    CHECK(facts.ports == std::vector<kubernetes::ServicePort>{{"sql", 6, 5432}});
    Json hostile = service();
    hostile["spec"]["externalIPs"] = {"169.254.169.254", "127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1",
                                      "fe80::1",         "ff02::1",   "::",      "x",         Json::object(),    "192.0.2.1"};
    CHECK(decoded_from(Kind::kServices, hostile)->service->external == std::vector{ip("192.0.2.1"), ip("198.51.100.8")});
    // Headless, and only a name.
    CHECK(decoded_from(Kind::kServices, test::service_object("shop", "db", {}, kDatabasePort))->service->cluster.empty());
    Json name = service();
    name["spec"]["type"] = "ExternalName";
    CHECK(*decoded_from(Kind::kServices, name)->service == ServiceFacts());
}

TEST_CASE("a slice's endpoints that are ready are read, with their pods") {
    Json object = slice({{"db-1", "10.0.1.1"}, {"db-2", "10.0.1.2", false}});
    object["endpoints"].push_back({{"addresses", {"10.0.1.3"}}});  // readiness unknown, no pod
    object["endpoints"].push_back({{"addresses", {"db.example"}}});
    object["endpoints"].push_back("x");
    const auto decoded = decoded_from(Kind::kEndpointSlices, object);
    REQUIRE(decoded);
    CHECK(decoded->slice->service == "db");
    CHECK(decoded->slice->ports == std::vector<kubernetes::ServicePort>{{"sql", 6, 5432}});
    REQUIRE(decoded->slice->endpoints.size() == 4);
    CHECK(decoded->slice->endpoints[0] == SliceEndpoint{{ip("10.0.1.1")}, "shop/db-1"});
    CHECK(decoded->slice->endpoints[1] == SliceEndpoint{{ip("10.0.1.3")}, ""});
    CHECK(decoded->slice->endpoints[2].addresses.empty());
}

TEST_CASE("Services and slices over a limit are refused by name") {
    const auto refused = [](Kind kind, const Json& object, const std::string& what) {
        const auto decoded = decoded_from(kind, object);
        REQUIRE_FALSE(decoded);
        CHECK(decoded.error().code() == Code::kExhausted);
        INFO(decoded.error().message());
        CHECK(decoded.error().message().find(what) != std::string::npos);
        CHECK(decoded.error().message().find("shop/db") == 0);
    };
    Json many = service();
    many["spec"]["externalIPs"] = Json::array();
    for (std::size_t i = 0; i <= kMaxServiceAddresses; ++i) {
        many["spec"]["externalIPs"].push_back("198.51.100." + std::to_string(i));
    }
    refused(Kind::kServices, many, "externalIPs");
    many = service();
    for (std::size_t i = 0; i < kMaxServicePorts; ++i) {
        many["spec"]["ports"].push_back({{"port", i + 1}});
    }
    refused(Kind::kServices, many, "ports");
    refused(Kind::kEndpointSlices, slice(std::vector<test::SlicePod>(kMaxSliceEndpoints + 1, {"x", "10.0.0.1"})), "endpoints");
    Json addresses = slice({{"x", "10.0.0.1"}});
    addresses["endpoints"][0]["addresses"] = Json(std::vector<std::string>(kMaxEndpointAddresses + 1, "10.0.0.1"));
    refused(Kind::kEndpointSlices, addresses, "addresses");
    Json pod = running_pod("db", "10.0.1.1");
    pod["status"]["podIPs"] = Json(std::vector<Json>(kMaxPodAddresses + 1, {{"ip", "10.0.0.1"}}));
    refused(Kind::kPeers, pod, "podIPs");
}

TEST_CASE("a pod that has ended, or uses the node's network, has no address of its own") {
    CHECK(decoded_from(Kind::kPeers, running_pod("db", "10.0.1.1"))->pod->addresses == std::vector{ip("10.0.1.1")});
    for (const char* phase : {"Succeeded", "Failed"}) {
        Json ended = running_pod("db", "10.0.1.1");
        ended["status"]["phase"] = phase;
        CHECK(decoded_from(Kind::kPeers, ended)->pod->addresses.empty());
    }
    Json host = running_pod("db", "10.0.1.1");
    host["spec"]["hostNetwork"] = true;
    CHECK(decoded_from(Kind::kPeers, host)->pod->addresses.empty());
}

TEST_CASE("Services, slices and peers are kept on disk as they are known") {
    const test::TempDir dir;
    std::map<ObjectName, std::shared_ptr<const Object>> objects;
    const auto keep = [&](Kind kind, const Object& object) {
        objects = {{object.name, std::make_shared<const Object>(object)}};
        REQUIRE(write_kept(dir.path(), kind, "needed 1", objects));
        Knowledge known(dir.path(), false);
        REQUIRE(known.loaded());
        CHECK(known.has_all_needed(kind));
        const auto found = known.find(kind, object.name.name_space, object.name.name);
        REQUIRE(found);
        CHECK(*found == object);
    };
    keep(Kind::kServices, *decoded_from(Kind::kServices, service()));
    keep(Kind::kEndpointSlices, *decoded_from(Kind::kEndpointSlices, slice({{"db-1", "10.0.1.1"}})));
    keep(Kind::kEndpointSlices, unreadable_slice({"shop", "db-x1"}));
    keep(Kind::kPeers, *decoded_from(Kind::kPeers, running_pod("db-1", "10.0.1.1")));
}

TEST_CASE("what is needed becomes few watches") {
    CHECK(resource_of({Kind::kPeers, "shop", "", "app=db,tier=x"}).path == "/api/v1/namespaces/shop/pods");
    CHECK(resource_of({Kind::kPeers, "shop", "", "app=db,tier=x"}).selection == "labelSelector=app%3Ddb%2Ctier%3Dx");
    CHECK(resource_of({Kind::kServices, "shop", "db", ""}).selection == "fieldSelector=metadata.name%3Ddb");
    CHECK(resource_of({Kind::kEndpointSlices, "", "", ""}).path == "/apis/discovery.k8s.io/v1/endpointslices");
    CHECK(resource_of({Kind::kEndpointSlices, "shop", "db", ""}).selection == "labelSelector=kubernetes.io%2Fservice-name%3Ddb");
    // A namespace as a whole contains its parts.
    const Scope all{Kind::kServices, "shop", "", ""};
    CHECK(merged({all, {Kind::kServices, "shop", "db", ""}, {Kind::kServices, "a", "db", ""}}) ==
          std::set<Scope>{all, {Kind::kServices, "a", "db", ""}});
    std::set<Scope> many;
    for (std::size_t i = 0; i <= kMaxScopes; ++i) {
        many.insert({Kind::kServices, "shop", "s" + std::to_string(i), ""});
    }
    CHECK(merged(many) == std::set<Scope>{all});
    many.clear();
    for (std::size_t i = 0; i <= kMaxScopes; ++i) {
        many.insert({Kind::kPeers, "n" + std::to_string(i), "", "app=x"});
    }
    CHECK(merged(many) == std::set<Scope>{{Kind::kPeers, "", "", ""}});
}

namespace {

// The watches, against an API server.
struct Scoped {
    test::TempDir dir;
    test::ApiServer server;
    SystemClock clock;
    Knowledge known;
    std::unique_ptr<ApiSource> source;
    std::unique_ptr<ScopedWatches> watches;

    explicit Scoped(const std::string& folder = "") : known(folder, true) {
        server.accept_token("secret");
        auto opened = ApiSource::create(
            {credentials_reader(server.write_kubeconfig(dir.path(), "secret")), "n1", [] { return 0.5; }, test::quick_timing()}, known,
            clock);
        REQUIRE(opened);
        source = std::move(opened).value();
        watches = std::make_unique<ScopedWatches>(*source, known);
        server.put(test::kServices, service());
        server.put(test::kServices, test::service_object("other", "db", {"10.96.0.8"}, kDatabasePort));
        server.put(test::kEndpointSlices, slice({{"db-1", "10.0.1.1"}}));
        server.put("pods", running_pod("db-1", "10.0.1.1"));
        server.put("pods", running_pod("web", "10.0.1.9", {{"app", "web"}}));
    }
    template <typename Condition>
    bool becomes(Condition condition) {
        return test::becomes(
            source->fd(), condition, [&] { source->work(); }, [&] { return "last error: " + source->status().error; });
    }
    bool has(Kind kind, const std::string& name_space, const std::string& name) const {
        return known.find(kind, name_space, name) != nullptr;
    }
    bool is_read() const {
        return known.has_all_needed(Kind::kServices) && known.has_all_needed(Kind::kEndpointSlices) && known.has_all_needed(Kind::kPeers);
    }
};

const std::set<Scope> kNeeded = {
    {Kind::kServices, "shop", "", ""}, {Kind::kEndpointSlices, "shop", "", ""}, {Kind::kPeers, "shop", "", "app=db"}};

}  // namespace

TEST_CASE("only what is needed is watched, and followed as it changes") {
    Scoped all;
    all.watches->set_needed(kNeeded, kNeeded);
    CHECK_FALSE(all.is_read());
    REQUIRE(all.becomes([&] { return all.is_read(); }));
    CHECK(all.has(Kind::kServices, "shop", "db"));
    CHECK_FALSE(all.has(Kind::kServices, "other", "db"));
    CHECK(all.has(Kind::kPeers, "shop", "db-1"));
    CHECK_FALSE(all.has(Kind::kPeers, "shop", "web"));
    CHECK(all.known.take_services_changed());
    all.server.put(test::kEndpointSlices, slice({{"db-1", "10.0.1.1"}, {"db-2", "10.0.1.2"}}));
    CHECK(all.becomes([&] { return all.known.find(Kind::kEndpointSlices, "shop", "db-x1")->slice->endpoints.size() == 2; }));
    // A pod leaves the selection by its label.
    all.server.set_labels("pods", "shop", "db-1", {{"app", "x"}});
    CHECK(all.becomes([&] { return !all.has(Kind::kPeers, "shop", "db-1"); }));
    all.server.remove(test::kServices, "shop", "db");
    CHECK(all.becomes([&] { return !all.has(Kind::kServices, "shop", "db"); }));
}

TEST_CASE("what two watches show is known until neither shows it") {
    Scoped all;
    std::set<Scope> needed = kNeeded;
    needed.insert({Kind::kPeers, "", "", "app=db"});
    needed.erase({Kind::kPeers, "shop", "", "app=db"});
    needed.insert({Kind::kPeers, "shop", "", "tier=x"});
    all.server.put("pods", running_pod("db-1", "10.0.1.1", {{"app", "db"}, {"tier", "x"}}));
    all.watches->set_needed(needed, needed);
    CHECK(all.watches->size() == 4);
    REQUIRE(all.becomes([&] { return all.is_read() && all.has(Kind::kPeers, "shop", "db-1"); }));
    needed.erase({Kind::kPeers, "", "", "app=db"});
    all.watches->set_needed(needed, needed);
    CHECK(all.is_read());
    CHECK(all.has(Kind::kPeers, "shop", "db-1"));
    needed.erase({Kind::kPeers, "shop", "", "tier=x"});
    all.watches->set_needed(needed, needed);
    CHECK_FALSE(all.has(Kind::kPeers, "shop", "db-1"));
}

TEST_CASE("only what is essential counts as needed") {
    Scoped all;
    const std::set<Scope> services = {{Kind::kServices, "shop", "", ""}};
    all.server.set_status(403);
    all.watches->set_needed(kNeeded, {});
    CHECK(all.is_read());
    all.watches->set_needed(kNeeded, services);
    CHECK_FALSE(all.known.has_all_needed(Kind::kServices));
    CHECK(all.known.has_all_needed(Kind::kPeers));
    all.server.set_status(200);
    CHECK(all.becomes([&] { return all.known.has_all_needed(Kind::kServices); }));
    // A wider watch is enough.
    all.watches->set_needed({{Kind::kServices, "", "", ""}}, services);
    CHECK(all.becomes([&] { return all.has(Kind::kServices, "other", "db") && all.known.has_all_needed(Kind::kServices); }));
}

TEST_CASE("a slice that cannot be read stays known as such, in a list and in a watch") {
    Scoped all;
    const Json large = slice(std::vector<test::SlicePod>(kMaxSliceEndpoints + 1, {"x", "10.0.0.1"}));
    all.server.put(test::kEndpointSlices, large);
    all.watches->set_needed(kNeeded, kNeeded);
    const auto is_unreadable = [&] {
        const auto found = all.known.find(Kind::kEndpointSlices, "shop", "db-x1");
        return found && found->slice->unreadable;
    };
    REQUIRE(all.becomes([&] { return all.is_read(); }));
    CHECK(is_unreadable());
    all.server.put(test::kEndpointSlices, slice({{"db-1", "10.0.1.1"}}));
    CHECK(all.becomes([&] { return !is_unreadable(); }));
    all.server.put(test::kEndpointSlices, large);
    CHECK(all.becomes(is_unreadable));
    all.server.remove(test::kEndpointSlices, "shop", "db-x1");
    CHECK(all.becomes([&] { return !all.has(Kind::kEndpointSlices, "shop", "db-x1"); }));
}

TEST_CASE("what an earlier process read for the same needs counts until it can be read again") {
    const test::TempDir kept;
    {
        Scoped first(kept.path());
        first.watches->set_needed(kNeeded, kNeeded);
        REQUIRE(first.becomes([&] { return first.is_read(); }));
        for (const Kind kind : {Kind::kServices, Kind::kEndpointSlices, Kind::kPeers}) {
            REQUIRE(write_kept(kept.path(), kind, first.known.resource_version(kind), first.known.all(kind)));
        }
    }
    Scoped second(kept.path());
    second.server.stop();
    second.watches->set_needed(kNeeded, kNeeded);
    CHECK(second.is_read());
    CHECK(second.has(Kind::kServices, "shop", "db"));
    CHECK(second.becomes([&] { return second.source->status().away; }));
    CHECK(second.has(Kind::kServices, "shop", "db"));
    // The right to read Services does not matter to labels; but here nothing answers.
    std::set<Scope> more = kNeeded;
    more.insert({Kind::kServices, "other", "", ""});
    second.watches->set_needed(more, more);
    CHECK_FALSE(second.is_read());
    CHECK(second.has(Kind::kServices, "shop", "db"));
    // Back: what was deleted meanwhile goes.
    second.server.remove(test::kServices, "shop", "db");
    second.server.start();
    CHECK(second.becomes([&] { return second.is_read() && !second.has(Kind::kServices, "shop", "db"); }));
    CHECK(second.has(Kind::kServices, "other", "db"));
}

// SPDX-License-Identifier: Apache-2.0
// The three watches over real HTTPS connections, against an API server that behaves as servers do on a bad day.
#include "kubernetes/client/api_source.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "support/api_server/api_server.h"
#include "support/temp_dir.h"
#include "watching.h"

using namespace namegate;
using namespace namegate::kubernetes;
using namegate::test::ApiServer;
using std::chrono::milliseconds;

namespace {

struct Fixture {
    test::TempDir dir;
    ApiServer server;
    SystemClock clock;
    Knowledge known{"", true};
    std::string kubeconfig = server.write_kubeconfig(dir.path(), "secret");
    std::unique_ptr<ApiSource> source = open();

    Fixture() {
        server.accept_token("secret");
        server.put(test::kNamespaces, test::namespace_object("shop", {{"team", "a"}}));
        server.put(test::kServiceAccounts, test::account_object("shop", "default", {{"tier", "web"}}));
        server.put(test::kPods, test::pod_object("n1", "shop", "cart", "u1", {{"app", "cart"}}));
        server.put(test::kPods, test::pod_object("n2", "shop", "elsewhere", "u2", {}));
    }
    std::unique_ptr<ApiSource> open() {
        auto opened = ApiSource::create({credentials_reader(kubeconfig), "n1", [] { return 0.5; }, test::quick_timing()}, known, clock);
        REQUIRE(opened);
        return std::move(opened).value();
    }
    // Works until it holds.
    template <typename Condition>
    bool becomes(Condition condition) {
        return test::becomes(
            source->fd(), condition, [&] { source->work(); }, [&] { return "last error: " + source->status().error; });
    }
    bool connects() {
        return becomes([&] { return source->status().connected; });
    }
    bool label_becomes(const std::string& value) {
        return becomes([&] {
            const auto cart = known.find(Kind::kPods, "shop", "cart");
            return cart && cart->labels.count("app") != 0 && cart->labels.at("app") == value;
        });
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "the pods of this node, namespaces and service accounts are listed and followed, with a connection each") {
    REQUIRE(connects());
    CHECK(source->server() == server.url());
    CHECK(known.find(Kind::kPods, "shop", "cart")->pod->uid == "u1");
    CHECK(known.find(Kind::kPods, "shop", "elsewhere") == nullptr);
    CHECK(known.find(Kind::kNamespaces, "", "shop")->labels.at("team") == "a");
    CHECK(known.find(Kind::kServiceAccounts, "shop", "default")->labels.at("tier") == "web");
    CHECK(server.connections() == 3);
    server.set_labels(test::kPods, "shop", "cart", {{"app", "new"}});
    CHECK(label_becomes("new"));
    server.remove(test::kPods, "shop", "cart");
    CHECK(becomes([&] { return known.find(Kind::kPods, "shop", "cart") == nullptr; }));
    CHECK(server.connections() == 3);
    for (const auto& request : server.requests()) {
        CHECK(request.headers.at("user-agent").find("namegate/") == 0);
    }
}

TEST_CASE_METHOD(Fixture, "another watch can be added and removed while the others go on") {
    REQUIRE(connects());
    Knowledge other("", true);
    KnowledgeSink sink(Kind::kNamespaces, other);
    const KindWatch& added = source->add_watch(resource_of(Kind::kNamespaces, "n1"), sink);
    CHECK_FALSE(source->status().connected);
    CHECK(connects());
    CHECK(other.find(Kind::kNamespaces, "", "shop"));
    CHECK(server.connections() == 4);
    source->remove_watch(added);
    server.put(test::kNamespaces, test::namespace_object("later", test::Json::object()));
    CHECK(becomes([&] { return known.find(Kind::kNamespaces, "", "later") != nullptr; }));
    CHECK_FALSE(other.find(Kind::kNamespaces, "", "later"));
}

TEST_CASE_METHOD(Fixture, "lists in pages, over real connections") {
    for (int i = 0; i < 25; ++i) {
        server.put(test::kNamespaces, test::namespace_object("n" + std::to_string(i), test::Json::object()));
    }
    server.set_page_limit(10);
    REQUIRE(connects());
    CHECK(known.all(Kind::kNamespaces).size() == 26);
    CHECK(server.lists(test::kNamespaces) == 3);
}

TEST_CASE_METHOD(Fixture, "dropped connections are made again, and the watches go on where they were") {
    REQUIRE(connects());
    server.drop_connections();
    server.set_labels(test::kPods, "shop", "cart", {{"app", "after"}});
    CHECK(label_becomes("after"));
    CHECK(connects());
    CHECK(server.lists(test::kPods) == 1);
}

TEST_CASE_METHOD(Fixture, "while the server is away what is known stays, and what was deleted meanwhile goes") {
    REQUIRE(connects());
    server.stop();
    CHECK(becomes([&] { return source->status().away; }));
    CHECK_FALSE(source->status().connected);
    CHECK(known.is_away());
    CHECK(known.find(Kind::kPods, "shop", "cart"));
    server.remove(test::kPods, "shop", "cart");
    server.compact();
    const bool in_events = GENERATE(true, false);
    server.expire_in_events(in_events);
    server.start();
    CHECK(becomes([&] { return known.find(Kind::kPods, "shop", "cart") == nullptr; }));
    CHECK(connects());
    CHECK_FALSE(known.is_away());
    CHECK(server.lists(test::kPods) == 2);
}

TEST_CASE_METHOD(Fixture, "slow replies and events that come in halves are waited for") {
    server.set_delay(milliseconds(150));
    REQUIRE(connects());
    const std::string event =
        test::Json{{"type", "MODIFIED"}, {"object", test::pod_object("n1", "shop", "cart", "u1", {{"app", "half"}})}}.dump() + "\n";
    server.send_raw(test::kPods, event.substr(0, event.size() / 2));
    const auto until = std::chrono::steady_clock::now() + milliseconds(300);
    becomes([&] { return std::chrono::steady_clock::now() > until; });
    CHECK(known.find(Kind::kPods, "shop", "cart")->labels.at("app") == "cart");
    server.send_raw(test::kPods, event.substr(event.size() / 2));
    CHECK(label_becomes("half"));
}

TEST_CASE_METHOD(Fixture, "bookmarks keep a quiet watch open; without them it is asked for again") {
    server.set_bookmarks(milliseconds(100));
    REQUIRE(connects());
    const std::size_t watches = server.watches(test::kNamespaces);
    const auto until = std::chrono::steady_clock::now() + milliseconds(1'200);
    becomes([&] { return std::chrono::steady_clock::now() > until; });
    CHECK(server.watches(test::kNamespaces) == watches);
    server.set_bookmarks(milliseconds(0));
    CHECK(becomes([&] { return server.watches(test::kNamespaces) > watches; }));
    CHECK(source->status().error.empty());
    CHECK(server.lists(test::kNamespaces) == 1);
}

TEST_CASE_METHOD(Fixture, "a token that rotates is read again for each request") {
    std::ofstream(dir.path() + "/token") << "first";
    std::string config;
    std::getline(std::ifstream(kubeconfig), config, '\0');
    config.replace(config.find("token: secret"), 13, "tokenFile: " + dir.path() + "/token");
    std::ofstream(kubeconfig, std::ios::trunc) << config;
    server.accept_token("first");
    REQUIRE(connects());
    server.accept_token("second");
    server.drop_connections();
    CHECK(becomes([&] { return source->status().away; }));
    CHECK(becomes([&] { return source->status().error == "HTTP status 401: Unauthorized"; }));
    std::ofstream(dir.path() + "/token", std::ios::trunc) << "second";
    CHECK(connects());
}

TEST_CASE_METHOD(Fixture, "a client certificate is enough") {
    server.accept_token("");
    kubeconfig = server.write_kubeconfig(dir.path(), "");
    source = open();
    CHECK(connects());
    for (const auto& request : server.requests()) {
        CHECK(request.headers.count("authorization") == 0);
    }
}

TEST_CASE_METHOD(Fixture, "a server with a certificate of another authority is not believed, and gets no token") {
    server.use_other_certificate();
    CHECK(becomes([&] { return source->status().away; }));
    CHECK(source->status().error.find("certificate") != std::string::npos);
    CHECK(server.requests().empty());
    CHECK(known.all(Kind::kPods).empty());
}

TEST_CASE_METHOD(Fixture, "missing rights and missing files are told, and tried again") {
    server.set_status(403);
    CHECK(becomes([&] { return source->status().error.find("HTTP status 403: no rights for ") == 0; }));
    server.set_status(200);
    CHECK(connects());
    server.stop();
    std::ofstream(kubeconfig, std::ios::trunc) << "a: 1";
    CHECK(becomes([&] { return source->status().error.find("current-context is missing") != std::string::npos; }));
}

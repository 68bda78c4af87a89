// SPDX-License-Identifier: Apache-2.0
// The watch of one kind against a server that the test plays, with a clock that the test moves.
#include "kubernetes/client/kind_watch.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "kubernetes/client/knowledge_sink.h"
#include "support/manual_clock.h"

using namespace namegate;
using namespace namegate::kubernetes;
using Json = nlohmann::json;

namespace {

class PlayedServer final : public Transport {
  public:
    Result<Transfer> start(const HttpRequest& request, HttpReceiver& receiver) override {
        if (refuse) {
            return Error(Code::kNotFound, "no credentials");
        }
        requests.push_back(request);
        receiver_ = &receiver;
        return ++transfers;
    }
    void cancel(Transfer /*transfer*/) override {
        receiver_ = nullptr;
        ++cancelled;
    }

    bool is_asked() const { return receiver_ != nullptr; }
    const std::string& target() const { return requests.back().target; }
    void status(int status, std::chrono::seconds retry_after = {}) const { receiver_->on_status(status, retry_after); }
    // False: the client wants no more, and the transfer has ended.
    bool data(const std::string& bytes) {
        if (receiver_->on_data(bytes)) {
            return true;
        }
        end(Error(Code::kTryAgain, "stopped"));
        return false;
    }
    void end(const Result<>& outcome = ok()) { std::exchange(receiver_, nullptr)->on_end(outcome); }
    // A whole reply.
    void reply(const Json& body, int code = 200) {
        status(code);
        if (data(body.dump())) {
            end();
        }
    }
    void event(const std::string& type, const Json& object) { data(Json{{"type", type}, {"object", object}}.dump() + "\n"); }

    std::vector<HttpRequest> requests;
    Transfer transfers = 0;
    unsigned cancelled = 0;
    bool refuse = false;

  private:
    HttpReceiver* receiver_ = nullptr;
};

Json name_space(const std::string& name, const std::string& version, const Json& labels = Json::object()) {
    return {{"metadata", {{"name", name}, {"resourceVersion", version}, {"labels", labels}}}};
}

Json list(const std::string& version, const std::vector<Json>& items, const std::string& more = "") {
    return {{"kind", "NamespaceList"}, {"metadata", {{"resourceVersion", version}, {"continue", more}}}, {"items", items}};
}

struct Fixture {
    test::ManualClock clock;
    PlayedServer server;
    Knowledge known{"", true};
    KnowledgeSink sink{Kind::kNamespaces, known};
    KindWatch watch{{"/api/v1/namespaces", "", true}, server, sink, clock, [] { return 0.0; }, WatchTiming{}};

    std::set<std::string> names() const {
        std::set<std::string> out;
        for (const auto& entry : known.all(Kind::kNamespaces)) {
            out.insert(entry.first.name);
        }
        return out;
    }
    // As far as an open watch from version 10 that knows "a" and "b".
    void connect() {
        watch.work();
        server.reply(list("10", {name_space("a", "5"), name_space("b", "6")}));
        server.status(200);
    }
    // Moves the clock to the next attempt, and says how many seconds that took.
    unsigned wait_for_request() {
        for (unsigned seconds = 0; seconds < 200; ++seconds) {
            watch.work();
            if (server.is_asked()) {
                return seconds;
            }
            clock.advance_seconds(1);
        }
        return 1000;
    }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE_METHOD(Fixture, "a list, from the server's cache, is followed by a watch with bookmarks from its version") {
    CHECK(server.requests.empty());
    watch.work();
    CHECK(server.target() == "/api/v1/namespaces?limit=500&resourceVersion=0");
    CHECK(has(server.requests.back().accept, "as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"));
    CHECK_FALSE(known.is_complete(Kind::kNamespaces));
    CHECK_FALSE(watch.status().connected);
    server.reply(list("10", {name_space("a", "5", {{"team", "x"}})}));
    CHECK(known.is_complete(Kind::kNamespaces));
    CHECK(known.find(Kind::kNamespaces, "", "a")->labels.at("team") == "x");
    CHECK(server.target() == "/api/v1/namespaces?watch=1&allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds=300");
    CHECK_FALSE(watch.status().connected);
    server.status(200);
    CHECK(watch.status().connected);
    CHECK_FALSE(watch.status().away);
    CHECK(watch.status().lists == 1);
}

TEST_CASE_METHOD(Fixture, "pages are read with the server's mark, and nothing is gone before the last one") {
    REQUIRE(known.put(Kind::kNamespaces, {{"", "old"}, {}, {}}));
    watch.work();
    server.reply(list("10", {name_space("a", "5")}, "more/1"));
    CHECK(server.target() == "/api/v1/namespaces?limit=500&continue=more%2F1");
    CHECK(names() == std::set<std::string>{"old"});
    server.reply(list("10", {name_space("b", "6")}));
    CHECK(names() == std::set<std::string>{"a", "b"});
    CHECK(has(server.target(), "resourceVersion=10"));
}

TEST_CASE_METHOD(Fixture, "events change what is known, bookmarks move the version, and a watch that ends goes on from there") {
    connect();
    server.event("ADDED", name_space("c", "11"));
    server.event("MODIFIED", name_space("a", "12", {{"team", "y"}}));
    server.event("DELETED", name_space("b", "13"));
    server.event("NEWS", name_space("z", "14"));
    CHECK(names() == std::set<std::string>{"a", "c"});
    CHECK(known.find(Kind::kNamespaces, "", "a")->labels.at("team") == "y");
    server.event("BOOKMARK", {{"metadata", {{"resourceVersion", "20"}}}});
    CHECK(known.resource_version(Kind::kNamespaces) == "20");
    server.end();
    CHECK(has(server.target(), "watch=1&allowWatchBookmarks=true&resourceVersion=20&"));
    CHECK_FALSE(watch.status().away);
    CHECK(watch.status().lists == 1);
}

TEST_CASE_METHOD(Fixture, "events that are cut in pieces are put together") {
    connect();
    const std::string line = Json{{"type", "ADDED"}, {"object", name_space("c", "11")}}.dump() + "\n";
    server.data(line.substr(0, 20));
    CHECK(names().count("c") == 0);
    server.data(line.substr(20) + line.substr(0, 5));
    CHECK(names().count("c") == 1);
}

TEST_CASE_METHOD(Fixture, "when the server has forgotten the changes, everything is listed again from its storage") {
    connect();
    const int how = GENERATE(0, 1, 2);
    const Json gone{{"kind", "Status"}, {"code", 410}, {"reason", "Expired"}, {"message", "too old resource version"}};
    if (how == 0) {
        server.event("ERROR", gone);
    } else if (how == 1) {
        server.event("ERROR", {{"kind", "Status"}, {"reason", "Gone"}});
    } else {
        server.end();
        clock.advance_seconds(2);
        wait_for_request();
        server.reply(gone, 410);
    }
    CHECK_FALSE(server.is_asked());
    // That is no failure.
    CHECK(watch.status().away == (how == 2));
    CHECK(wait_for_request() <= 1);
    CHECK(server.target() == "/api/v1/namespaces?limit=500");
    CHECK(names() == std::set<std::string>{"a", "b"});
    server.reply(list("50", {name_space("a", "5")}));
    CHECK(names() == std::set<std::string>{"a"});
    CHECK(has(server.target(), "resourceVersion=50"));
}

TEST_CASE_METHOD(Fixture, "a list whose mark for the next page is too old begins again, with the newest state") {
    watch.work();
    server.reply(list("10", {name_space("a", "5")}, "more"));
    server.reply({{"kind", "Status"}, {"code", 410}, {"reason", "Expired"}}, 410);
    CHECK(wait_for_request() <= 1);
    CHECK(server.target() == "/api/v1/namespaces?limit=500");
    server.reply(list("11", {name_space("b", "6")}));
    CHECK(names() == std::set<std::string>{"b"});
}

TEST_CASE_METHOD(Fixture, "a server whose storage went back in time is listed as it is") {
    known.set_resource_version(Kind::kNamespaces, "900");
    KindWatch again(
        {"/api/v1/namespaces", "", true}, server, sink, clock, [] { return 0.0; }, WatchTiming{});
    again.work();
    CHECK(server.target() == "/api/v1/namespaces?limit=500&resourceVersion=900&resourceVersionMatch=NotOlderThan");
    server.reply({{"kind", "Status"}, {"code", 504}, {"reason", "Timeout"}, {"message", "Too large resource version"}}, 504);
    clock.advance_seconds(1);
    again.work();
    CHECK(server.target() == "/api/v1/namespaces?limit=500");
}

TEST_CASE_METHOD(Fixture, "failures are repeated with growing delays, up to a limit, and told") {
    connect();
    server.end(Error(Code::kTryAgain, "connection reset"));
    CHECK_FALSE(watch.status().connected);
    CHECK(watch.status().away);
    CHECK(watch.status().error == "connection reset");
    const std::int64_t since = watch.status().since_seconds;
    CHECK(since == clock.wall_seconds());
    std::vector<unsigned> delays;
    for (int i = 0; i < 8; ++i) {
        delays.push_back(wait_for_request());
        server.end(Error(Code::kTryAgain, "refused"));
    }
    // Half of 0.8, 1.6, 3.2, ... and 30 s, because the random number is 0; in whole seconds.
    CHECK(delays == std::vector<unsigned>{1, 1, 2, 4, 7, 13, 15, 15});
    CHECK(watch.status().since_seconds == since);
    wait_for_request();
    CHECK(has(server.target(), "watch=1"));  // nothing is listed again
    server.status(200);
    CHECK(watch.status().connected);
    server.event("BOOKMARK", {{"metadata", {{"resourceVersion", "20"}}}});
    server.end(Error(Code::kTryAgain, "reset"));
    CHECK(wait_for_request() == 1);
}

TEST_CASE_METHOD(Fixture, "a server that says when to come again is not asked before") {
    watch.work();
    server.status(429, std::chrono::seconds(7));
    server.data(R"({"kind":"Status","message":"slow down"})");
    server.end();
    CHECK(watch.status().error == "HTTP status 429: slow down");
    CHECK(wait_for_request() == 7);
    server.status(503, std::chrono::seconds(100'000));
    server.end();
    CHECK(wait_for_request() == 60);
}

TEST_CASE_METHOD(Fixture, "what the server refuses is told in its words, with a limit") {
    watch.work();
    server.reply({{"kind", "Status"}, {"message", "namespaces is forbidden: User \"x\" cannot list"}}, 403);
    CHECK(watch.status().error == "HTTP status 403: namespaces is forbidden: User \"x\" cannot list");
    wait_for_request();
    server.status(500);
    CHECK_FALSE(server.data(std::string(kMaxErrorBytes + 1, 'x')));
    CHECK(watch.status().error == "HTTP status 500: " + std::string(200, 'x'));
    server.refuse = true;
    clock.advance_seconds(60);
    watch.work();
    CHECK(watch.status().error == "no credentials");
    server.refuse = false;
    CHECK(wait_for_request() < 60);
}

TEST_CASE_METHOD(Fixture, "a silent server is given up: a list fails, a watch is asked for again without a failure") {
    watch.work();
    clock.advance_seconds(29);
    watch.work();
    CHECK(server.cancelled == 0);
    clock.advance_seconds(1);
    watch.work();
    CHECK(server.cancelled == 1);
    CHECK(watch.status().away);
    CHECK(watch.status().error == "the server sent nothing for 30 s");
    wait_for_request();
    server.reply(list("10", {}));
    server.status(200);
    clock.advance_seconds(89);
    server.event("BOOKMARK", {{"metadata", {{"resourceVersion", "15"}}}});
    clock.advance_seconds(89);
    watch.work();
    CHECK(server.cancelled == 1);
    clock.advance_seconds(1);
    watch.work();
    CHECK(server.cancelled == 2);
    CHECK(has(server.target(), "watch=1&allowWatchBookmarks=true&resourceVersion=15&"));
    CHECK(watch.status().connected);
    // Nothing at all, not even a status: now it is away.
    clock.advance_seconds(90);
    watch.work();
    CHECK(watch.status().away);
    CHECK(watch.status().error == "the server does not answer");
}

TEST_CASE_METHOD(Fixture, "a server that ends each watch at once is not asked in a loop") {
    connect();
    server.end();
    CHECK_FALSE(server.is_asked());
    CHECK(watch.status().error == "the server ended the watch at once");
    CHECK(wait_for_request() == 1);
}

TEST_CASE_METHOD(Fixture, "an object that exceeds a limit is unknown, and the watch goes on") {
    connect();
    SECTION("by its bytes") {
        Json large = name_space("a", "11");
        large["metadata"]["annotations"]["x"] = std::string(kMaxLineBytes, 'x');
        // As servers write it: the name is near the beginning.
        server.data(R"({"type":"MODIFIED","object":{"kind":"Namespace","metadata":{"name":"a","namespace":"","x":")");
        server.data(large.dump() + "\n");
        CHECK(watch.status().last_refused == "a: an object of more than 2097152 bytes");
    }
    SECTION("by its labels") {
        Json labels;
        for (int i = 0; i < 1025; ++i) {
            labels["k" + std::to_string(i)] = "";
        }
        server.event("MODIFIED", name_space("a", "11", labels));
        CHECK(has(watch.status().last_refused, "a: metadata.labels exceeds the limit of 1024 labels"));
    }
    SECTION("by its depth") {
        server.data(R"({"type":"MODIFIED","object":{"metadata":{"name":"a","namespace":""},"x":)" + std::string(100, '[') +
                    std::string(100, ']') + "}}\n");
        CHECK(has(watch.status().last_refused, "a: JSON that is nested more than 64 levels deep"));
    }
    CHECK(watch.status().refused == 1);
    CHECK(names() == std::set<std::string>{"b"});
    REQUIRE(server.is_asked());
    server.event("ADDED", name_space("c", "12"));
    CHECK(names() == std::set<std::string>{"b", "c"});
    CHECK(watch.status().connected);
}

TEST_CASE_METHOD(Fixture, "an item of a list that exceeds a limit is left out, and the list is complete") {
    watch.work();
    server.status(200);
    server.data(R"({"metadata":{"resourceVersion":"10"},"items":[{"metadata":{"name":"a"},"x":")");
    server.data(std::string(kMaxObjectBytes, 'x'));
    server.data(R"("},{"metadata":{"name":"b"}},{"metadata":{}}]})");
    server.end();
    CHECK(names() == std::set<std::string>{"b"});
    CHECK(watch.status().refused == 2);
    CHECK(known.is_complete(Kind::kNamespaces));
}

TEST_CASE_METHOD(Fixture, "a stream that cannot be read leads to a new list, and what is known stays meanwhile") {
    connect();
    const std::string line = GENERATE(as<std::string>{}, "garbage\n", "{}\n",
                                      R"({"type":"ADDED"})"
                                      "\n",
                                      R"({"type":"ERROR","object":{"message":"etcd is away"}})"
                                      "\n");
    CHECK_FALSE(server.data(line));
    CHECK(watch.status().away);
    CHECK(names() == std::set<std::string>{"a", "b"});
    wait_for_request();
    const bool lists_again = !has(line, "etcd");
    CHECK(has(server.target(), lists_again ? "limit=500&resourceVersion=10&resourceVersionMatch=NotOlderThan" : "watch=1"));
}

TEST_CASE_METHOD(Fixture, "a list that cannot be read changes nothing") {
    REQUIRE(known.put(Kind::kNamespaces, {{"", "old"}, {}, {}}));
    watch.work();
    const int how = GENERATE(0, 1, 2, 3);
    server.status(200);
    if (how == 0) {
        CHECK_FALSE(server.data("garbage"));
    } else if (how == 1) {
        server.data("{\"items\":[");
        server.end();
    } else if (how == 2) {
        server.data("{\"items\":[]}");
        server.end();
        CHECK(watch.status().error == "a list without metadata.resourceVersion");
    } else {
        server.data("{\"items\":[{\"metadata\":{\"name\":\"a\"}}]");
        server.end(Error(Code::kTryAgain, "reset"));
    }
    CHECK(watch.status().away);
    CHECK(names() == std::set<std::string>{"old"});
    wait_for_request();
    CHECK(has(server.target(), "limit=500&resourceVersion=0"));
}

TEST_CASE_METHOD(Fixture, "a list without an end is given up") {
    watch.work();
    server.status(200);
    server.data("{\"items\":[");
    const std::string spaces(1024 * 1024, ' ');
    unsigned pieces = 0;
    while (server.data(spaces)) {
        ++pieces;
        REQUIRE(pieces <= kMaxPageBytes / spaces.size());
    }
    CHECK(watch.status().error == "a page of a list of more than 268435456 bytes");
    wait_for_request();
    const Json endless = list("10", {}, "again");
    for (std::size_t i = 1; i < kMaxPages; ++i) {
        server.reply(endless);
        REQUIRE(server.is_asked());
    }
    server.reply(endless);
    CHECK_FALSE(server.is_asked());
    CHECK(watch.status().error == "a list of more than 1000 pages");
}

TEST_CASE("the pods of this node are selected by the server") {
    test::ManualClock clock;
    PlayedServer server;
    Knowledge known("", true);
    KnowledgeSink sink(Kind::kPods, known);
    KindWatch watch(
        {"/api/v1/pods", "fieldSelector=spec.nodeName%3Dn1", false}, server, sink, clock, [] { return 0.5; }, WatchTiming{});
    watch.work();
    CHECK(server.target() == "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1&limit=500&resourceVersion=0");
    CHECK(server.requests.back().accept == "application/json");
    server.reply(list("10", {}));
    CHECK(server.target() ==
          "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1&watch=1&allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds=450");
}

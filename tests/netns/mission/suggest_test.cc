// SPDX-License-Identifier: Apache-2.0
// What `namegatectl suggest` prints, from the daemon and from its flow log, allows what the pod tried, and nothing else.
#include <catch2/catch.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "site.h"
#include "suggested.h"
#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::test;
using Catch::Contains;

TEST_CASE("a suggested policy allows what the pod tried, and nothing else") {
    const TempDir logs;
    const std::string log = logs.path() + "/flows.jsonl";
    Site site("flowLog: {path: " + log + ", events: [denied, dns]}\n");
    site.world.set_name("api.weather.com", {"198.18.0.1"});
    site.world.set_alias("shop.test", "edge.example.net");
    site.world.set_name("edge.example.net", {"198.18.0.2"});
    site.world.set_name("evil.test", {"198.18.0.3"});
    site.node.write_policy("weather.yaml", allow_domains("weather", "app == 'a'", {"api.weather.com"}));
    site.node.start_daemon();
    const auto pod = site.node.add({"a", "default", {{"app", "a"}, {"pod-template-hash", "x1"}}});
    REQUIRE(reaches(*pod, "api.weather.com"));

    Suggested watched;
    std::thread watch([&] { watched = suggest(site.node, {"--include-denied", "--for", "4", "default/a"}); });
    std::this_thread::sleep_for(std::chrono::seconds(1));
    for (int i = 0; i < 2; ++i) {
        CHECK_FALSE(reaches(*pod, "shop.test", kDenied));
    }
    watch.join();
    INFO(watched.out << watched.err);
    REQUIRE(watched.code == 0);
    CHECK_THAT(watched.out, Contains("selector: \"app == 'a'\"") && Contains("- shop.test  # denied"));
    CHECK_THAT(watched.out, !Contains("edge.example.net") && !Contains("198.18.0.2") && !Contains("- evil.test"));

    // The log has the same, and needs no daemon for the labels.
    const Suggested read = suggest(site.node, {"--include-denied", "--from", log});
    INFO(read.out << read.err);
    REQUIRE(read.code == 0);
    const auto policies = [](const std::string& text) { return text.substr(text.find("apiVersion")); };
    const auto without_comments = [](const std::string& text) {
        std::istringstream in(text);
        std::string out;
        for (std::string line; std::getline(in, line);) {
            out += line.substr(0, line.find('#')) + "\n";
        }
        return out;
    };
    CHECK(without_comments(policies(read.out)) == without_comments(policies(watched.out)));

    site.node.write_policy("suggested.yaml", watched.out);
    REQUIRE(eventually([&] { return reaches(*pod, "shop.test", kDenied); }));
    CHECK_FALSE(reaches(*pod, "evil.test", kDenied));
    CHECK(reaches(*pod, "api.weather.com"));
}

TEST_CASE("a policy suggested for an open pod keeps what it did open, and closes the rest") {
    const TempDir logs;
    const std::string log = logs.path() + "/flows.jsonl";
    Site site("flowLog: {path: " + log + ", events: [flow, dns]}\n");
    site.world.set_name("api.weather.com", {"198.18.0.1"});
    site.world.set_name("evil.test", {"198.18.0.3"});
    site.node.start_daemon();
    const auto pod = site.node.add({"a", "default", {{"app", "a"}}});
    REQUIRE(reaches(*pod, "api.weather.com"));
    Suggested read;
    REQUIRE(eventually([&] {
        read = suggest(site.node, {"--include-denied", "--from", log});
        return read.out.find("- api.weather.com") != std::string::npos;
    }));
    INFO(read.out << read.err);
    CHECK_THAT(read.out, Contains("  # queries to the DNS servers"));
    CHECK_THAT(suggest(site.node, {"--include-denied", "--from", log, "--diff"}).out,
               Contains("- api.weather.com") && Contains("  # queries to the DNS servers"));
    REQUIRE(reaches(*pod, "evil.test"));
    site.node.write_policy("suggested.yaml", read.out);
    REQUIRE(eventually([&] { return !reaches(*pod, "evil.test", kDenied); }));
    CHECK(reaches(*pod, "api.weather.com"));
    // Now a rule decides, and nothing is missing.
    must_run("rm " + log);
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    REQUIRE(eventually([&] {
        static_cast<void>(reaches(*pod, "api.weather.com"));
        return suggest(site.node, {"--include-denied", "--from", log, "--diff"}).out.find("nothing is missing") != std::string::npos;
    }));
}

// SPDX-License-Identifier: Apache-2.0
// D17: the owner of an allowed name cannot lead a pod to the metadata service of a cloud, by any path of a response.
#include <catch2/catch.hpp>

#include "site.h"

using namespace namegate;
using namespace namegate::test;
using Catch::Contains;

namespace {

constexpr const char* kMetadata = "198.18.77.1";  // stands for it: in the list of this node, with a listener

nlohmann::json row_of(const nlohmann::json& rows, const std::string& address) {
    for (const auto& row : rows) {
        if (row["address"] == address) {
            return row;
        }
    }
    return nullptr;
}

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

}  // namespace

TEST_CASE("a name never opens what dnsNeverOpens lists: by the kernel, by held responses, from the name cache") {
    Site site("dnsNeverOpens: [169.254.0.0/16, 198.18.77.0/24]\n");
    site.world.set_name("api.weather.com", {"198.18.0.1", kMetadata});
    site.world.set_name("late.weather.com", {kMetadata, "198.18.0.2"});
    std::vector<std::string> many{kMetadata};
    for (int i = 0; i < 70; ++i) {
        many.push_back("198.18.1." + std::to_string(i));
    }
    site.world.set_name("many.weather.com", many);
    const auto policy = [](const std::vector<std::string>& domains) { return allow_domains("weather", "app == 'a'", domains); };
    site.node.write_policy("weather.yaml", policy({"api.weather.com", "many.weather.com"}));
    site.node.start_daemon();
    const auto pod = site.node.add({"a", "default", {{"app", "a"}}});
    const auto metadata = *IpAddress::parse(kMetadata);

    REQUIRE(resolve(*pod, "api.weather.com"));
    CHECK(connects_from(pod->netns, *IpAddress::parse("198.18.0.1"), kTcpPort, kBeforeRepeat));
    CHECK_FALSE(connects_from(pod->netns, metadata, kTcpPort, kDenied));
    REQUIRE(resolve(*pod, "api.weather.com"));

    // More records than the kernel's limit: the daemon's part.
    REQUIRE(resolve(*pod, "many.weather.com"));
    CHECK(connects_from(pod->netns, *IpAddress::parse("198.18.1.69"), kTcpPort, kBeforeRepeat));
    CHECK_FALSE(connects_from(pod->netns, metadata, kTcpPort, kDenied));

    // Looked up before the policy names it.
    REQUIRE(resolve(*pod, "late.weather.com"));
    site.node.write_policy("weather.yaml", policy({"api.weather.com", "many.weather.com", "late.weather.com"}));
    CHECK(eventually([&] { return connects_from(pod->netns, *IpAddress::parse("198.18.0.2"), kTcpPort, kBeforeRepeat); }));
    CHECK_FALSE(connects_from(pod->netns, metadata, kTcpPort, kDenied));

    const auto rows = site.node.ask_daemon("ips", {{"endpoint", "default/a"}});
    REQUIRE(rows);
    const nlohmann::json row = row_of(*rows, kMetadata);
    REQUIRE(row.is_object());
    CHECK(row["neverOpens"] == "198.18.77.0/24");
    CHECK(row["names"] == nlohmann::json{"api.weather.com"});
    CHECK_FALSE(row_of(*rows, "198.18.0.1").contains("neverOpens"));
    const auto explained =
        site.node.ask_daemon("explain", {{"endpoint", "default/a"}, {"destination", kMetadata}, {"direction", "egress"}});
    REQUIRE(explained);
    CHECK((*explained)["allowed"] == false);
    CHECK_THAT((*explained)["notes"].dump(), Contains("no name opens 198.18.77.1: dnsNeverOpens has 198.18.77.0/24"));
    const auto status = site.node.ask_daemon("status");
    REQUIRE(status);
    CHECK((*status)["counters"]["dns_never_opens"] == 2);
    // One of many.weather.com; one more when the daemon read the response of late.weather.com after the policy named it.
    CHECK((*status)["counters"]["daemon_never_opened"] >= 1);
    CHECK((*status)["counters"]["daemon_never_opened"] <= 2);
    CHECK(count_of(site.node.daemon_log(), "a name led to an address that no name opens") == 1);
    site.node.remove(*pod);
}

TEST_CASE("without the daemon, and with nothing configured, a name opens no link-local address") {
    Site site;
    site.world.set_name("api.weather.com", {"198.18.0.1", "169.254.169.254", "127.0.0.1"});
    site.node.write_policy("weather.yaml", allow_domains("weather", "app == 'a'", {"api.weather.com"}));
    const auto pod = site.node.add({"a", "default", {{"app", "a"}}});
    CHECK(reaches(*pod, "api.weather.com"));
    site.node.start_daemon();
    const auto rows = site.node.ask_daemon("ips", {{"endpoint", "default/a"}});
    REQUIRE(rows);
    for (const auto& row : *rows) {
        CHECK(row.contains("neverOpens") == (row["address"] != "198.18.0.1"));
    }
    site.node.remove(*pod);
}

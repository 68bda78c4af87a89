// SPDX-License-Identifier: Apache-2.0
#include "cni/result.h"

#include <catch2/catch.hpp>
#include <string>

#include "cni/version.h"

using namespace namegate;
using namespace namegate::cni;

namespace {

AddResult dual_stack() {
    AddResult result;
    result.interfaces.push_back({"ng0", "0a:00:00:00:00:01", "", 1400, "", ""});
    result.interfaces.push_back({"eth0", "0a:00:00:00:00:02", "/run/netns/x", 1400, "", ""});
    result.ips.push_back({*IpAddress::parse("10.0.0.5"), 32, *IpAddress::parse("169.254.1.1"), 1U});
    result.ips.push_back({*IpAddress::parse("fd00::5"), 128, std::nullopt, 1U});
    Route route;
    route.destination = *IpPrefix::parse("0.0.0.0/0");
    route.gateway = *IpAddress::parse("169.254.1.1");
    route.mtu = 1300;
    result.routes.push_back(route);
    result.dns.nameservers = {"10.0.0.53"};
    return result;
}

const char* const kGolden031 = R"({"cniVersion":"0.3.1","dns":{"nameservers":["10.0.0.53"]},)"
                               R"("interfaces":[{"mac":"0a:00:00:00:00:01","name":"ng0"},)"
                               R"({"mac":"0a:00:00:00:00:02","name":"eth0","sandbox":"/run/netns/x"}],)"
                               R"("ips":[{"address":"10.0.0.5/32","gateway":"169.254.1.1","interface":1,"version":"4"},)"
                               R"({"address":"fd00::5/128","interface":1,"version":"6"}],)"
                               R"("routes":[{"dst":"0.0.0.0/0","gw":"169.254.1.1"}]})";
const char* const kGolden100 = R"({"cniVersion":"1.0.0","dns":{"nameservers":["10.0.0.53"]},)"
                               R"("interfaces":[{"mac":"0a:00:00:00:00:01","name":"ng0"},)"
                               R"({"mac":"0a:00:00:00:00:02","name":"eth0","sandbox":"/run/netns/x"}],)"
                               R"("ips":[{"address":"10.0.0.5/32","gateway":"169.254.1.1","interface":1},)"
                               R"({"address":"fd00::5/128","interface":1}],)"
                               R"("routes":[{"dst":"0.0.0.0/0","gw":"169.254.1.1"}]})";
const char* const kGolden110 = R"({"cniVersion":"1.1.0","dns":{"nameservers":["10.0.0.53"]},)"
                               R"("interfaces":[{"mac":"0a:00:00:00:00:01","mtu":1400,"name":"ng0"},)"
                               R"({"mac":"0a:00:00:00:00:02","mtu":1400,"name":"eth0","sandbox":"/run/netns/x"}],)"
                               R"("ips":[{"address":"10.0.0.5/32","gateway":"169.254.1.1","interface":1},)"
                               R"({"address":"fd00::5/128","interface":1}],)"
                               R"("routes":[{"dst":"0.0.0.0/0","gw":"169.254.1.1","mtu":1300}]})";

std::string why(const std::string& text) {
    const auto parsed = parse_result(*parse_object(text));
    REQUIRE_FALSE(parsed);
    return parsed.error().message();
}

}  // namespace

TEST_CASE("a result in the form of each version", "[C21][C22]") {
    std::string golden_040 = kGolden031;
    golden_040.replace(golden_040.find("0.3.1"), 5, "0.4.0");
    CHECK(to_json(dual_stack(), "0.3.1").dump() == kGolden031);
    CHECK(to_json(dual_stack(), "0.4.0").dump() == golden_040);
    CHECK(to_json(dual_stack(), "1.0.0").dump() == kGolden100);
    CHECK(to_json(dual_stack(), "1.1.0").dump() == kGolden110);
    CHECK(to_json(AddResult{}, "1.0.0").dump() == R"({"cniVersion":"1.0.0","dns":{}})");
}

TEST_CASE("a result that is written can be read back") {
    const auto parsed = parse_result(to_json(dual_stack(), "1.1.0"));
    REQUIRE(parsed);
    CHECK(*parsed == dual_stack());
    for (const std::string_view version : kSupportedVersions) {
        const auto older = parse_result(to_json(dual_stack(), version));
        REQUIRE(older);
        CHECK(older->ips == dual_stack().ips);
    }
}

TEST_CASE("an IPAM result keeps the prefix length of its network") {
    const auto parsed = parse_result(*parse_object(R"({"ips":[{"version":"4","address":"10.22.0.5/16","gateway":"10.22.0.1"}]})"));
    REQUIRE(parsed);
    CHECK(parsed->ips[0].address == *IpAddress::parse("10.22.0.5"));
    CHECK(parsed->ips[0].prefix_length == 16);
    CHECK_FALSE(parsed->ips[0].interface);
}

TEST_CASE("the error of an invalid result names the member") {
    CHECK(why(R"({"ips":{}})") == "ips must be a list");
    CHECK_THAT(why(R"({"ips":[{"address":"10.0.0.1"}]})"), Catch::StartsWith("ips[0].address: "));
    CHECK_THAT(why(R"({"ips":[{"address":"10.0.0.1/33"}]})"), Catch::Contains("0 to 32"));
    CHECK_THAT(why(R"({"ips":[{"address":"10.0.0.1/2 "}]})"), Catch::StartsWith("ips[0].address: "));
    CHECK(why(R"({"ips":[{"address":"10.0.0.1/8","interface":0}]})") == "ips[0].interface is 0, and there are 0 interfaces");
    CHECK_THAT(why(R"({"ips":[{"address":"10.0.0.1/8","gateway":"x"}]})"), Catch::StartsWith("ips[0].gateway: "));
    CHECK_THAT(why(R"({"routes":[{"dst":"10.0.0.0/8"},{"dst":"x"}]})"), Catch::StartsWith("routes[1].dst: "));
    CHECK(why(R"({"interfaces":[{"name":1}]})") == "interfaces[0].name must be a string");
    CHECK(why(R"({"dns":[]})") == "dns must be an object");
    Json many{{"ips", Json::array()}};
    for (std::size_t i = 0; i <= kMaxResultEntries; ++i) {
        many["ips"].push_back(Json::object());
    }
    CHECK(why(many.dump()) == "ips has more than 1024 entries");
}

TEST_CASE("the commands of each version") {
    struct Row {
        const char* version;
        bool add, check, gc;
    };
    const Row rows[] = {{"0.1.0", false, false, false}, {"0.3.0", false, false, false}, {"0.3.1", true, false, false},
                        {"0.4.0", true, true, false},   {"1.0.0", true, true, false},   {"1.1.0", true, true, true},
                        {"1.2.0", false, false, false}, {"", false, false, false}};
    for (const Row& row : rows) {
        INFO(row.version);
        CHECK(check_version(row.version, Command::kAdd).has_value() == row.add);
        CHECK(check_version(row.version, Command::kDel).has_value() == row.add);
        CHECK(check_version(row.version, Command::kCheck).has_value() == row.check);
        CHECK(check_version(row.version, Command::kGc).has_value() == row.gc);
        CHECK(check_version(row.version, Command::kStatus).has_value() == row.gc);
    }
}

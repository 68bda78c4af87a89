// SPDX-License-Identifier: Apache-2.0
// namegate in the CNI configuration of another network.
#include "rollout/conflist.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace namegate;
using namespace namegate::rollout;

namespace {

using nlohmann::json;

// As kind's network writes it.
constexpr const char* kPtp =
    R"({"cniVersion":"0.3.1","name":"kindnet","plugins":[{"type":"ptp","ipMasq":false,"ipam":{"type":"host-local","ranges":[[{"subnet":"10.244.0.0/24"}]]}},)"
    R"({"type":"portmap","capabilities":{"portMappings":true}}]})";
constexpr const char* kSettingsPath = "/etc/namegate/namegate.yaml";

std::string chain_error(const std::string& text) {
    const auto chained = chain_namegate(text, kSettingsPath);
    REQUIRE_FALSE(chained);
    return chained.error().message();
}

}  // namespace

TEST_CASE("namegate follows the first plugin, and all else stays") {
    const auto chained = chain_namegate(kPtp, kSettingsPath);
    REQUIRE(chained);
    json now = json::parse(*chained);
    REQUIRE(now["plugins"].size() == 3);
    CHECK(now["plugins"][1] == json::parse(R"({"type":"namegate","config":"/etc/namegate/namegate.yaml",
        "capabilities":{"io.kubernetes.cri.pod-annotations":true,"dns":true}})"));
    now["plugins"].erase(1);
    CHECK(now == json::parse(kPtp));
}

TEST_CASE("the configuration of one plugin becomes a list of two") {
    const auto chained = chain_namegate(R"({"cniVersion":"0.4.0","name":"net","type":"bridge","bridge":"cni0"})", kSettingsPath);
    REQUIRE(chained);
    const json now = json::parse(*chained);
    CHECK(now["name"] == "net");
    CHECK(now["cniVersion"] == "0.4.0");
    REQUIRE(now["plugins"].size() == 2);
    CHECK(now["plugins"][0]["bridge"] == "cni0");
    CHECK(now["plugins"][1]["type"] == "namegate");
    CHECK_FALSE(now.contains("type"));
}

TEST_CASE("what namegate cannot follow is refused with the reason") {
    CHECK(chain_error("[]").find("object") != std::string::npos);
    CHECK(chain_error(R"({"cniVersion":"0.2.0","name":"n","type":"bridge"})").find("cniVersion is \"0.2.0\"") != std::string::npos);
    CHECK(chain_error(R"({"name":"n","type":"bridge"})").find("cniVersion is \"\"") != std::string::npos);
    CHECK(chain_error(R"({"cniVersion":"1.0.0","name":"n","plugins":[]})").find("at least one plugin") != std::string::npos);
    CHECK(chain_error(R"({"cniVersion":"1.0.0","name":"n","plugins":[1]})").find("must be an object") != std::string::npos);
    CHECK(chain_error(R"({"cniVersion":"1.0.0","name":"n","plugins":[{"type":"../sh"}]})").find("../sh") != std::string::npos);
    CHECK(chain_error(R"({"cniVersion":"1.0.0","name":"n","plugins":[{"type":"bridge"},{"type":"namegate"}]})").find("already") !=
          std::string::npos);
    json many = json::parse(kPtp);
    many["plugins"] = std::vector<json>(kMaxPluginsOfConflist + 1, json{{"type", "ptp"}});
    CHECK(chain_error(many.dump()).find("more than 64") != std::string::npos);
    many["plugins"].erase(0);
    CHECK(chain_namegate(many.dump(), kSettingsPath));
}

TEST_CASE("the plugins that a configuration needs are those that it names, with their address plugins") {
    const auto needed = needed_plugins(*chain_namegate(kPtp, kSettingsPath));
    REQUIRE(needed);
    CHECK(*needed == std::vector<std::string>{"host-local", "portmap", "ptp"});
    CHECK(needed_plugins(R"({"type":"namegate","ipam":{"type":"dhcp"}})").value_or({}) == std::vector<std::string>{"dhcp"});
    CHECK_FALSE(needed_plugins(R"({"type":"namegate","ipam":{"type":"../../bin/sh"}})"));
    CHECK_FALSE(needed_plugins(kPtp));
}

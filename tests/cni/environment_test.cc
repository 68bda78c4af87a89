// SPDX-License-Identifier: Apache-2.0
#include "cni/environment.h"

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "base/identifiers.h"
#include "cni/args.h"

namespace environment_test {

using namespace namegate;
using namespace namegate::cni;

namespace {

using Variables = std::map<std::string, std::string>;

Outcome<Environment> parse(const Variables& variables) {
    return parse_environment([&variables](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
    });
}

const Variables kAdd{
    {"CNI_COMMAND", "ADD"}, {"CNI_CONTAINERID", "abc"}, {"CNI_NETNS", "/run/netns/x"}, {"CNI_IFNAME", "eth0"}, {"CNI_PATH", "/a:/b::/c"}};

Variables with(Variables variables, const std::string& name, const std::string& value) {
    variables[name] = value;
    return variables;
}

Variables without(Variables variables, const std::string& name) {
    variables.erase(name);
    return variables;
}

std::string message(const Variables& variables) {
    const auto parsed = parse(variables);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == 4);
    return parsed.error().message;
}

}  // namespace

TEST_CASE("a complete environment") {
    const auto parsed = parse(with(with(kAdd, "CNI_ARGS", "A=b"), "CNI_NETNS_OVERRIDE", "true"));
    REQUIRE(parsed);
    CHECK(parsed->command == Command::kAdd);
    CHECK(parsed->container_id == "abc");
    CHECK(parsed->netns == "/run/netns/x");
    CHECK(parsed->ifname == "eth0");
    CHECK(parsed->args == "A=b");
    CHECK(parsed->plugin_dirs == std::vector<std::string>{"/a", "/b", "/c"});
    CHECK(parsed->netns_override);
    CHECK_FALSE(parse(kAdd)->netns_override);
}

TEST_CASE("every missing variable is named, and an empty one is missing", "[C7][C8][C10]") {
    CHECK(message({}) == "required environment variable CNI_COMMAND is missing");
    CHECK(message({{"CNI_COMMAND", "ADD"}}) == "required environment variables are missing: CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME");
    CHECK(message(with(kAdd, "CNI_NETNS", "")) == "required environment variables are missing: CNI_NETNS");
    CHECK(message({{"CNI_COMMAND", "DEL"}}) == "required environment variables are missing: CNI_CONTAINERID, CNI_IFNAME");
    CHECK(message(with(without(kAdd, "CNI_NETNS"), "CNI_COMMAND", "CHECK")) == "required environment variables are missing: CNI_NETNS");
    CHECK(message({{"CNI_COMMAND", "PING"}}) == "unknown CNI_COMMAND \"PING\"");
    CHECK(message({{"CNI_COMMAND", "add"}}) == "unknown CNI_COMMAND \"add\"");
}

TEST_CASE("each command accepts that variables it does not need are missing", "[C7]") {
    CHECK(parse({{"CNI_COMMAND", "VERSION"}}));
    CHECK(parse({{"CNI_COMMAND", "GC"}, {"CNI_CONTAINERID", ""}, {"CNI_NETNS", ""}, {"CNI_IFNAME", ""}}));
    CHECK(parse({{"CNI_COMMAND", "STATUS"}}));
    CHECK(parse(without(with(kAdd, "CNI_COMMAND", "DEL"), "CNI_NETNS")));
    CHECK(parse(with(with(kAdd, "CNI_COMMAND", "DEL"), "CNI_NETNS", "")));
    CHECK(parse(without(kAdd, "CNI_PATH")));
}

TEST_CASE("invalid ids and names are refused", "[C10]") {
    for (const char* id : {"a/b", "-a", ".a", "a b", "a\n", "\xc3\xa9"}) {
        CHECK_THAT(message(with(kAdd, "CNI_CONTAINERID", id)), Catch::Contains("CNI_CONTAINERID"));
    }
    for (const char* name : {".", "..", "a/b", "a:b", "a b", "a\tb", "sixteen-letters-"}) {
        CHECK_THAT(message(with(kAdd, "CNI_IFNAME", name)), Catch::Contains("CNI_IFNAME"));
    }
    CHECK(parse(with(kAdd, "CNI_IFNAME", "fifteen-letters")));
    CHECK(parse(with(kAdd, "CNI_CONTAINERID", "k8s.io-0A_.z")));
    message(with(kAdd, "CNI_CONTAINERID", std::string(kMaxIdentifierBytes + 1, 'a')));
    message(with(kAdd, "CNI_ARGS", std::string(kMaxArgsBytes + 1, 'a')));
    std::string path;
    for (std::size_t i = 0; i <= kMaxPathEntries; ++i) {
        path += ":/x";
    }
    message(with(kAdd, "CNI_PATH", path));
}

TEST_CASE("CNI_ARGS in the forms that container runtimes use, in any order", "[C26]") {
    const auto parsed =
        parse_args("K8S_POD_UID=u-1;IgnoreUnknown=1;K8S_POD_NAME=web-0;K8S_POD_INFRA_CONTAINER_ID=c;K8S_POD_NAMESPACE=shop;");
    REQUIRE(parsed);
    CHECK(*parsed == Args{"shop", "web-0", "u-1"});
    CHECK(parsed->is_kubernetes());
    CHECK_FALSE(parse_args("")->is_kubernetes());
    // Keys that are meant for others, such as an address for host-local, are not judged here.
    CHECK(parse_args("IP=10.0.0.9"));
}

TEST_CASE("invalid CNI_ARGS are refused", "[C26]") {
    for (const char* text : {"A", "=b", "A=b=c", "A=1;A=2", "K8S_POD_NAME=x", "K8S_POD_NAMESPACE=x;K8S_POD_NAME="}) {
        const auto parsed = parse_args(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == 4);
        CHECK_THAT(parsed.error().message, Catch::StartsWith("CNI_ARGS: "));
    }
}

}  // namespace environment_test

// SPDX-License-Identifier: Apache-2.0
#include "cni/config.h"

#include <catch2/catch.hpp>
#include <string>

using namespace namegate;
using namespace namegate::cni;

namespace {

Result<NetworkConfig> parse(const std::string& text) {
    auto object = parse_object(text);
    REQUIRE(object);
    return parse_config(*object, text);
}

std::string message(const std::string& members) {
    const auto parsed = parse(R"({"cniVersion":"1.0.0","name":"n","type":"namegate")" + (members.empty() ? "" : "," + members) + "}");
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code() == Code::kInvalidInput);
    return parsed.error().message();
}

}  // namespace

TEST_CASE("a configuration with everything", "[C6][C23]") {
    const std::string text = R"({
        "cniVersion": "1.1.0", "name": "pods", "type": "namegate", "config": "/etc/x.yaml", "mtu": 1400, "ipMasq": true,
        "ipam": {"type": "host-local", "subnet": "10.0.0.0/24"}, "unknown": {"is": "fine"}, "capabilities": {"dns": true},
        "args": {"cni": {"labels": [{"key": "app", "value": "web"}, {"key": "tier", "value": ""}]}},
        "runtimeConfig": {"io.kubernetes.cri.pod-annotations": {"a/b": "c"}, "dns": {"Servers": ["10.0.0.53"], "Searches": ["x"], "Options": null}},
        "prevResult": {"cniVersion": "1.1.0"},
        "cni.dev/valid-attachments": [{"containerID": "c1", "ifname": "eth0"}]})";
    const auto config = parse(text);
    REQUIRE(config);
    CHECK(config->cni_version == "1.1.0");
    CHECK(config->name == "pods");
    CHECK(config->config_path == "/etc/x.yaml");
    CHECK(config->mtu == 1400);
    CHECK(config->ip_masq);
    CHECK(config->ipam_type == "host-local");
    CHECK(config->labels == std::map<std::string, std::string, std::less<>>{{"app", "web"}, {"tier", ""}});
    CHECK(config->annotations.at("a/b") == "c");
    CHECK(config->dns.nameservers == std::vector<std::string>{"10.0.0.53"});
    CHECK(config->dns.search == std::vector<std::string>{"x"});
    CHECK(config->prev_result.has_value());
    REQUIRE(config->valid_attachments);
    CHECK(config->valid_attachments->at(0) == Attachment{"c1", "eth0"});
    CHECK(config->document == text);
}

TEST_CASE("the smallest valid configuration") {
    const auto config = parse(R"({"cniVersion":"0.3.1","name":"n"})");
    REQUIRE(config);
    CHECK(config->config_path == kDefaultConfigPath);
    CHECK_FALSE(config->has_ipam());
    CHECK_FALSE(config->prev_result);
    CHECK_FALSE(config->valid_attachments);
    CHECK_FALSE(parse(R"({"name":"n","ipam":{},"prevResult":null})")->has_ipam());
    CHECK(*config_version(*parse_object("{}")) == "0.1.0");
    CHECK(parse(R"({"name":"n","args":{"cni":{"labels":{"app":"web"}}}})")->labels.at("app") == "web");
    // The configuration's own dns wins over the runtime's.
    CHECK(parse(R"({"name":"n","dns":{"nameservers":["1.1.1.1"]},"runtimeConfig":{"dns":{"servers":["2.2.2.2"]}}})")->dns.nameservers[0] ==
          "1.1.1.1");
}

TEST_CASE("the list of attachments under its old name", "[C17]") {
    CHECK(parse(R"({"name":"n","cni.dev/attachments":[{"containerID":"c","ifname":"e"}]})")->valid_attachments->size() == 1);
    CHECK(parse(R"({"name":"n","cni.dev/valid-attachments":[]})")->valid_attachments->empty());
}

TEST_CASE("errors name the key and the expected value", "[C10]") {
    CHECK(parse("{}").error().message() == "name is missing: the network needs a name");
    CHECK_THAT(parse(R"({"name":"a/b"})").error().message(), Catch::StartsWith("name \"a/b\""));
    CHECK(message(R"("name":7)") == "name must be a string");
    CHECK(message(R"("mtu":-1)") == "mtu must be a whole number, 0 or more");
    CHECK(message(R"("mtu":1.5)") == "mtu must be a whole number, 0 or more");
    CHECK(message(R"("mtu":67)") == "mtu is 67, and must be 68 to 65535, or 0 for the default");
    CHECK(message(R"("mtu":65536)") == "mtu is 65536, and must be 68 to 65535, or 0 for the default");
    CHECK(message(R"("ipMasq":"yes")") == "ipMasq must be true or false");
    CHECK(message(R"("ipam":[])") == "ipam must be an object");
    CHECK_THAT(message(R"("ipam":{"subnet":"x"})"), Catch::StartsWith("ipam.type is missing"));
    CHECK_THAT(message(R"("ipam":{"type":"../x"})"), Catch::Contains("without a path"));
    CHECK(message(R"("config":"x.yaml")") == "config \"x.yaml\" must be an absolute path");
    CHECK(message(R"("prevResult":[])") == "prevResult must be an object");
    CHECK(message(R"("args":{"cni":{"labels":"x"}})") == "args.cni.labels must be a list of {\"key\": ..., \"value\": ...}");
    CHECK(message(R"("args":{"cni":{"labels":[{"key":"a","value":1}]}})") == "args.cni.labels[0].value must be a string");
    CHECK(message(R"("args":{"cni":{"labels":[{"value":"x"}]}})") == "args.cni.labels: a label without a key");
    CHECK(message(R"("args":{"cni":{"labels":[{"key":"a"},{"key":"a"}]}})") == "args.cni.labels: \"a\" is given twice");
    CHECK(message(R"("runtimeConfig":1)") == "runtimeConfig must be an object");
    CHECK(message(R"("dns":{"search":[1]})") == "dns.search must be a list of strings");
    CHECK_THAT(message(R"("cni.dev/valid-attachments":[{"containerID":"c"}])"), Catch::StartsWith("cni.dev/valid-attachments[0]"));
    CHECK_THAT(message(R"("cni.dev/valid-attachments":{})"), Catch::StartsWith("cni.dev/valid-attachments must be a list"));
}

TEST_CASE("more labels than a pod may have are refused") {
    std::string labels;
    for (std::size_t i = 0; i <= kMaxLabels; ++i) {
        labels += std::string(i == 0 ? "" : ",") + R"({"key":"k)" + std::to_string(i) + R"(","value":""})";
    }
    CHECK_THAT(message(R"("args":{"cni":{"labels":[)" + labels + "]}}"), Catch::Contains("more than 1024 labels"));
}

TEST_CASE("JSON that is not a configuration") {
    const auto why = [](const std::string& text) {
        const auto parsed = parse_object(text);
        REQUIRE_FALSE(parsed);
        return parsed.error().message();
    };
    CHECK_THAT(why(""), Catch::StartsWith("not valid JSON: "));
    CHECK_THAT(why("{\"a\":1,\n}"), Catch::Contains("line 2"));
    CHECK_THAT(why("{} {}"), Catch::StartsWith("not valid JSON: "));
    CHECK_THAT(why("{\"a\":\"\xff\"}"), Catch::StartsWith("not valid JSON: "));
    CHECK(why("[1]") == "the JSON must be an object, not array");
    CHECK_THAT(why(std::string(kMaxJsonBytes + 1, ' ')), Catch::Contains("1048576"));
    const std::string deep(static_cast<std::size_t>(kMaxJsonDepth), '[');
    CHECK_THAT(why("{\"a\":" + deep + "}"), Catch::Contains("deeper than 64"));
    CHECK(parse_object(R"({"a":"]]]{{{\"[["})"));
}

TEST_CASE("the keys of capability arguments match in any case", "[C6]") {
    const Json object{{"Servers", 1}, {"options", 2}, {"ser", 3}};
    CHECK(*find_member_any_case(object, "servers") == 1);
    CHECK(*find_member_any_case(object, "OPTIONS") == 2);
    CHECK(find_member_any_case(object, "server") == nullptr);
}

// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "cni/json.h"
#include "plugin/chained.h"
#include "plugin/child.h"
#include "plugin/masquerade.h"
#include "plugin/pod_network.h"
#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::plugin;
using namegate::test::TempDir;

namespace {

cni::IpConfig ip(const std::string& address, unsigned length) { return {*IpAddress::parse(address), length, std::nullopt, std::nullopt}; }

cni::Route route(const std::string& destination) {
    cni::Route made;
    made.destination = *IpPrefix::parse(destination);
    return made;
}

std::vector<std::string> texts(const cni::AddResult& ipam) {
    std::vector<std::string> result;
    for (const cni::Route& each : pod_routes(ipam)) {
        result.push_back(each.destination.to_string() + " via " + each.gateway->to_string());
    }
    return result;
}

}  // namespace

TEST_CASE("the routes of a pod") {
    using Texts = std::vector<std::string>;
    cni::AddResult ipam;
    ipam.ips = {ip("10.1.0.5", 16), ip("fd00::5", 64)};
    CHECK(texts(ipam) == Texts{"0.0.0.0/0 via 169.254.1.1", "::/0 via fe80::1"});
    ipam.routes = {route("0.0.0.0/0")};
    CHECK(texts(ipam) == Texts{"0.0.0.0/0 via 169.254.1.1", "fd00::/64 via fe80::1"});
    // A second network of the pod: only the routes that it names, and its own addresses.
    ipam.ips = {ip("10.1.0.5", 16)};
    ipam.routes = {route("192.168.0.0/24")};
    CHECK(texts(ipam) == Texts{"192.168.0.0/24 via 169.254.1.1", "10.1.0.0/16 via 169.254.1.1"});
    ipam.routes = {route("10.1.0.0/16")};
    CHECK(texts(ipam) == Texts{"10.1.0.0/16 via 169.254.1.1"});
}

TEST_CASE("the pod's addresses and hardware address in prevResult") {
    const auto addresses = [](const char* text) {
        const auto previous = read_previous(*cni::parse_object(text), "eth0");
        std::string out =
            previous ? "" : "code " + std::to_string(static_cast<int>(previous.error().code)) + ": " + previous.error().message;
        for (std::size_t i = 0; previous && i < previous->addresses.size(); ++i) {
            out += (i == 0 ? "" : " ") + previous->addresses[i].to_string();
        }
        return previous && previous->mac ? out + " " + mac_to_text(*previous->mac) : out;
    };
    // bridge: its own interface first, the pod's last.
    CHECK(addresses(R"({"interfaces":[{"name":"br0"},{"name":"eth0","mac":"02:00:00:00:00:01"},
        {"name":"eth0","mac":"0A:00:00:00:00:02","sandbox":"/run/netns/a"}],
        "ips":[{"address":"10.0.0.1/24","interface":0},{"address":"10.0.0.2/24","interface":1},{"address":"10.0.0.3/24","interface":2},
               {"address":"fd00::3/64","interface":2},{"address":"fe80::3/64","interface":2},{"address":"10.0.0.3/24","interface":2}]})") ==
          "10.0.0.3 fd00::3 0a:00:00:00:00:02");
    // Calico names no interface of the pod, others one that does not exist.
    CHECK(addresses(R"({"interfaces":[{"name":"cali0"}],"ips":[{"address":"10.0.0.3/32"}]})") == "10.0.0.3");
    CHECK(addresses(R"({"ips":[{"address":"10.0.0.3","interface":-1},{"address":"10.0.0.4","interface":7}]})") == "10.0.0.3 10.0.0.4");
    for (const char* text : {"{}", R"({"ips":null})", R"({"ips":[]})", R"({"ips":[{"address":"fe80::3/64"}]})"}) {
        CHECK(addresses(text) == "code 7: prevResult has no address of interface eth0");
    }
    CHECK_THAT(addresses(R"({"ips":[{"address":"10.0.0"}]})"), Catch::StartsWith("code 7: prevResult.ips[0].address is invalid"));
    CHECK_THAT(addresses(R"({"ips":[{}]})"), Catch::StartsWith("code 7: prevResult.ips[0].address is invalid"));
    CHECK_THAT(addresses(R"({"ips":[7]})"), Catch::StartsWith("code 7: prevResult.ips[0] must be an object"));
    CHECK_THAT(addresses(R"({"ips":{}})"), Catch::StartsWith("code 7: prevResult.ips must be a list"));
    CHECK_THAT(addresses(R"({"interfaces":[{"name":"eth0","sandbox":"/a","mac":"1:2:3:4:5:6"}],"ips":[{"address":"10.0.0.1"}]})"),
               Catch::Contains("not a hardware address"));
    std::string many = R"({"ips":[{"address":"10.0.0.1"})";
    for (std::size_t i = 0; i < cni::kMaxResultEntries; ++i) {
        many += R"(,{"address":"10.0.0.1"})";
    }
    CHECK_THAT(addresses((many + "]}").c_str()), Catch::Contains("at most 1024 entries"));
}

TEST_CASE("masquerade rules are named after the host interface alone") {
    const auto commands = [](const std::string& script) { return cni::parse_object(script)->at("nftables"); };
    const cni::Json add =
        commands(masquerade_add_script("ng0123456789a", {*IpPrefix::parse("10.1.0.0/16"), *IpPrefix::parse("fd00::/64")}));
    std::vector<std::string> destinations;
    for (const cni::Json& command : add) {
        const cni::Json rule = command.value("/add/rule"_json_pointer, cni::Json());
        if (rule.is_object() && rule["chain"] == "pod-ng0123456789a" && rule["expr"][0].contains("match")) {
            const cni::Json& match = rule["expr"][0]["match"];
            destinations.push_back(match["left"]["payload"]["protocol"].get<std::string>() + " " + match["right"]["prefix"].dump());
            CHECK(rule["expr"][1] == cni::Json{{"return", nullptr}});
        }
    }
    CHECK(destinations == std::vector<std::string>{R"(ip {"addr":"10.1.0.0","len":16})", R"(ip6 {"addr":"fd00::","len":64})",
                                                   R"(ip {"addr":"224.0.0.0","len":4})", R"(ip6 {"addr":"ff00::","len":8})"});
    CHECK(add.back().at("/add/element/elem/0/1/jump/target"_json_pointer) == "pod-ng0123456789a");
    CHECK(commands(masquerade_remove_script("ng0123456789a")).back().at("/delete/chain/name"_json_pointer) == "pod-ng0123456789a");
}

TEST_CASE("the names in nft's list, and JSON of an unexpected form") {
    const auto listed = [](const std::string& map) {
        return masquerade_names(R"({"nftables": [{"metainfo": {}}, {"map": )" + map + "}]}");
    };
    CHECK(listed(R"({"name": "pods"})")->empty());
    CHECK(*listed(R"({"elem": [["ng0123456789a", {"jump": {"target": "pod-ng0123456789a"}}], ["eth0", {"accept": null}],
                               [{"elem": {"val": "eth1", "timeout": 5}}, {"accept": null}], ["ngbaseballbat", {"drop": null}]]})") ==
          std::vector<std::string>{"ng0123456789a", "ngbaseballbat"});
    for (const char* map : {"3", "[]", R"({"elem": "ng0123456789a"})", R"({"elem": ["ng0123456789a"]})", R"({"elem": [[]]})"}) {
        INFO(map);
        REQUIRE_FALSE(listed(map));
        CHECK_THAT(listed(map).error().message(), Catch::Contains("nft printed JSON of an unexpected form"));
    }
    for (const char* text :
         {"", "table inet namegate {}", "[]", "{}", R"({"nftables": {}})", R"({"nftables": [1, "x", null, {"set": {}}]})"}) {
        INFO(text);
        CHECK_FALSE(masquerade_names(text));
    }
}

TEST_CASE("running a program") {
    const auto run = [](const std::string& script, const std::string& input) {
        return run_child({"/bin/sh", {"sh", "-c", script}, {"PATH=/usr/bin:/bin", "NAME=value"}}, input);
    };
    const std::string large(300000, 'x');
    const auto echoed = run("cat; echo $NAME; exit 3", large);
    REQUIRE(echoed);
    CHECK(echoed->standard_output == large + "value\n");
    CHECK(echoed->exit_status == 3);
    CHECK(run("kill -9 $$", "")->exit_status == 128 + 9);
    CHECK(run_child({"/no/such/program", {"x"}, {}}, large)->exit_status == 127);
    // Both directions at once, more than a pipe holds; and a program that reads nothing.
    CHECK(run("cat /dev/fd/0 /etc/hostname", large)->exit_status == 0);
    CHECK(run("exit 4", large)->exit_status == 4);
    const auto endless = run("cat /dev/zero", "");
    REQUIRE_FALSE(endless);
    CHECK(endless.error().code() == Code::kExhausted);
}

TEST_CASE("a started program does nothing before it gets its input, and ends with its object") {
    const TempDir folder;
    const ChildCommand command{"/bin/sh", {"sh", "-c", "read line && echo $line > " + folder.path() + "/line"}, {"PATH=/usr/bin:/bin"}};
    const auto written = [&folder] { return read_file(folder.path() + "/line", 64).value_or("nothing"); };
    {
        auto child = Child::start(command);
        REQUIRE(child);
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        CHECK(written() == "nothing");
        child->feed("fed\n");
        CHECK(child->finish()->exit_status == 0);
        CHECK(written() == "fed\n");
    }
    REQUIRE(remove_file(folder.path() + "/line"));
    {
        auto child = Child::start({"/bin/sh", {"sh", "-c", "echo early; cat; echo late"}, {"PATH=/usr/bin:/bin"}});
        REQUIRE(child);
        CHECK(*child->read_until([](const std::string& text) { return text == "early\n"; }) == "early\n");  // while it waits
        child->feed("fed\n");
        CHECK(*child->read_until([](const std::string&) { return false; }) == "early\nfed\nlate\n");
        CHECK(child->finish()->standard_output == "early\nfed\nlate\n");
    }
    { REQUIRE(Child::start(command)); }
    CHECK(written() == "nothing");
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);  // no child is left
}

// SPDX-License-Identifier: Apache-2.0
// The names that a pattern matches, through the kernel: whole labels, in either direction, in any case.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "site.h"

using namespace namegate;
using namespace namegate::test;

namespace {

// Every name with a separate address.
const std::vector<std::string> kNames = {
    "example.com",
    "evilexample.com",
    "www.example.com",
    "example.com.evil.org",
    "a.b.example.com",
    "xample.com",
    "com",
    "update.example.com",
    "wwwexample.com",
    "_dns.example.com",
    "update.a.example.com",
    "update.a.b.example.com",
    "www.sun.com",
    "www.example.com.evil.org",
    "org",
};

struct Row {
    const char* pattern;
    std::vector<std::string> matches;
};

std::vector<Row> rows() {
    return {
        {"example.com", {"example.com"}},
        {"evilexample.com", {"evilexample.com"}},
        {"www.example.com", {"www.example.com"}},
        {"example.com.evil.org", {"example.com.evil.org"}},
        {"EXAMPLE.com.", {"example.com"}},
        {"*.example.com",
         {"www.example.com", "a.b.example.com", "update.example.com", "_dns.example.com", "update.a.example.com",
          "update.a.b.example.com"}},
        {"update.*.example.com", {"update.a.example.com", "update.a.b.example.com"}},
        {"www.*.com", {"www.example.com", "www.sun.com"}},
        {"*.evil.org", {"example.com.evil.org", "www.example.com.evil.org"}},
    };
}

// Every name is looked up; those of the row can be reached, no other address can.
void check_row(const Pod& pod, const Row& row, const std::map<std::string, IpAddress>& addresses) {
    std::vector<IpAddress> others;
    for (const std::string& name : kNames) {
        REQUIRE(resolve(pod, name));
        if (std::find(row.matches.begin(), row.matches.end(), name) == row.matches.end()) {
            others.push_back(addresses.at(name));
            continue;
        }
        INFO(name);
        CHECK(connects_from(pod.netns, addresses.at(name), kTcpPort, kBeforeRepeat));
    }
    CHECK(others.size() + row.matches.size() == kNames.size());
    CHECK(count_connected(pod.netns, others, kTcpPort, kDenied) == 0);
}

}  // namespace

TEST_CASE("patterns match only whole labels") {
    Site site;
    std::map<std::string, IpAddress> addresses;
    unsigned host = 0x40;
    for (const std::string& name : kNames) {
        addresses[name] = World::fresh_address(host++, false);
        site.world.set_name(name, {addresses[name].to_string()});
    }
    std::string policies;
    unsigned number = 0;
    for (const Row& row : rows()) {
        const std::string label = "row" + std::to_string(number++);
        policies += allow_domains(label, "row == \"" + label + "\"", {row.pattern});
    }
    site.node.write_policy("rows.yaml", policies);
    number = 0;
    for (const Row& row : rows()) {
        INFO(row.pattern);
        const std::string label = "row" + std::to_string(number++);
        const auto pod = site.node.add({label, "default", {{"row", label}}});
        check_row(*pod, row, addresses);
        site.node.remove(*pod);
    }
    CHECK(site.node.state() == "");
}

TEST_CASE("a name looked up in any case, through aliases in any case") {
    Site site;
    site.node.write_policy("policy.yaml", allow_domains("cases", "all()", {"Example.COM", "*.CDN.example.NET"}));
    site.world.set_name("example.com", {"198.18.0.1"});
    site.world.set_alias("www.other.org", "Edge.Cdn.Example.Net");
    site.world.set_alias("edge.cdn.example.net", "last.example.org");
    site.world.set_name("last.example.org", {"198.18.0.2"});
    site.world.set_name("evil.com", {"198.18.0.3"});
    const auto pod = site.node.add({"cases", "default", {}});
    CHECK(reaches(*pod, "eXaMpLe.cOm"));
    CHECK(reaches(*pod, "WWW.other.org"));
    CHECK_FALSE(reaches(*pod, "eViL.com", kDenied));
    site.node.remove(*pod);
    CHECK(site.node.state() == "");
}

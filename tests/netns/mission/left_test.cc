// SPDX-License-Identifier: Apache-2.0
// The last test: after all the others this node is as it was made.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>

#include "support/netns.h"

using namespace namegate::test;

TEST_CASE("nothing is left behind: interfaces, namespaces, pins, rules, processes") {
    CHECK(run_command("ip -o link | cut -d: -f2 | grep -v '^ lo$'").text == "");
    CHECK(run_command("ip netns list").text == "");
    CHECK(run_command("ls /sys/fs/bpf | grep namegate").text == "");
    CHECK(run_command("nft list ruleset | grep pod-").text == "");
    const std::string self = std::to_string(::getpid());
    std::ifstream file("/proc/" + self + "/task/" + self + "/children");
    const std::string children((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    CHECK(children == "");
}

// SPDX-License-Identifier: Apache-2.0
#include "endpoints/host_interface_name.h"

#include <catch2/catch.hpp>
#include <set>

using namegate::endpoints::host_interface_name;

TEST_CASE("names are short and never change: running pods have them") {
    CHECK(host_interface_name("0123456789abcdef", "eth0") == "ng85512203a51");
    CHECK(host_interface_name("", "") == "ng8932c885a3f");
    CHECK(host_interface_name("a", "eth0").size() == 13);
}

TEST_CASE("each endpoint has its own name", "[C40]") {
    CHECK(host_interface_name("a", "bc") != host_interface_name("ab", "c"));
    CHECK(host_interface_name("a", "eth0") != host_interface_name("a", "eth1"));
    std::set<std::string> names;
    for (int i = 0; i < 20'000; ++i) {
        names.insert(host_interface_name("container" + std::to_string(i), "eth0"));
    }
    CHECK(names.size() == 20'000);
}

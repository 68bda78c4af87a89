// SPDX-License-Identifier: Apache-2.0
#include "daemon/warnings/reverse_path.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::test;

namespace {

void set(const TempDir& dir, const std::string& interface, const std::string& value) {
    std::filesystem::create_directories(dir.path() + "/" + interface);
    std::ofstream(dir.path() + "/" + interface + "/rp_filter") << value;
}

std::vector<std::string> open_interfaces(const TempDir& dir) {
    return daemon::interfaces_without_reverse_path_filter(dir.path(), [](const std::string& name) { return name == "ng0"; }).value();
}

}  // namespace

TEST_CASE("an interface without a strict reverse path filter is named; the larger of both settings is in force") {
    const TempDir dir;
    set(dir, "default", "0\n");
    set(dir, "lo", "0\n");
    set(dir, "ng0", "0\n");
    set(dir, "eth0", "0\n");
    set(dir, "eth1", "1\n");
    set(dir, "eth2", "2\n");
    set(dir, "all", "0\n");
    CHECK(open_interfaces(dir) == std::vector<std::string>{"eth0", "eth2"});
    set(dir, "all", "1\n");
    CHECK(open_interfaces(dir) == std::vector<std::string>{"eth2"});
    set(dir, "all", "2\n");
    CHECK(open_interfaces(dir) == std::vector<std::string>{"eth0", "eth1", "eth2"});
}

TEST_CASE("without the kernel's settings the result is an error, not an empty list") {
    const TempDir dir;
    CHECK_FALSE(daemon::interfaces_without_reverse_path_filter(dir.path(), [](const std::string&) { return false; }));
}

// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <optional>

#include "base/file.h"
#include "base/grace_period.h"
#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::test;

namespace {

// A file in the place of the kernel's switch.
struct Switch {
    explicit Switch(char value) { set(value); }

    void set(char value) const { REQUIRE(write_file_atomically(path, std::string(1, value), 0644)); }
    char value() const { return read_file(path, 16)->front(); }
    bool marked() const { return !read_file(lock, 16)->empty(); }

    TempDir directory;
    std::string path = directory.path() + "/switch";
    std::string lock = directory.path() + "/lock";
};

}  // namespace

TEST_CASE("grace periods are short while one asks for it, and until the last one leaves") {
    const Switch kernel('0');
    {
        std::optional<ShortGracePeriods> first;
        first.emplace(kernel.lock, kernel.path);
        CHECK(kernel.value() == '1');
        const ShortGracePeriods second(kernel.lock, kernel.path);
        first.reset();
        CHECK(kernel.value() == '1');
    }
    CHECK(kernel.value() == '0');
    CHECK_FALSE(kernel.marked());
}

TEST_CASE("a setting of somebody else stays") {
    const Switch kernel('1');
    { const ShortGracePeriods ours(kernel.lock, kernel.path); }
    CHECK(kernel.value() == '1');
}

TEST_CASE("what a killed process left is set back by the next one") {
    const Switch kernel('1');
    REQUIRE(write_file_atomically(kernel.lock, "1", 0600));
    {
        const ShortGracePeriods next(kernel.lock, kernel.path);
        CHECK(kernel.value() == '1');
    }
    CHECK(kernel.value() == '0');
    CHECK_FALSE(kernel.marked());
}

TEST_CASE("a switch that is not there, or a lock that cannot be made, is no error") {
    const Switch kernel('0');
    { const ShortGracePeriods ours(kernel.lock, kernel.path + "-missing"); }
    { const ShortGracePeriods ours(kernel.directory.path() + "/missing/lock", kernel.path); }
    CHECK(kernel.value() == '0');
}

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
    explicit Switch(const std::string& value) { REQUIRE(write_file_atomically(path, value + "\n", 0644)); }

    std::string value() const {
        const std::string text = *read_file(path, 16);
        return text.substr(0, text.find('\n'));
    }

    TempDir directory;
    std::string path = directory.path() + "/switch";
    std::string lock = directory.path() + "/lock";
};

const std::string kOurs(ShortGracePeriods::kOurs);

}  // namespace

TEST_CASE("grace periods are short from the first request until the last one ends") {
    const Switch kernel("0");
    {
        std::optional<ShortGracePeriods> first;
        first.emplace(kernel.lock, kernel.path);
        CHECK(kernel.value() == kOurs);
        const ShortGracePeriods second(kernel.lock, kernel.path);
        first.reset();
        CHECK(kernel.value() == kOurs);
    }
    CHECK(kernel.value() == "0");
}

TEST_CASE("a setting of another program stays") {
    const Switch kernel("1");
    { const ShortGracePeriods ours(kernel.lock, kernel.path); }
    CHECK(kernel.value() == "1");
}

TEST_CASE("the next process restores what a killed process left, even without the state folder") {
    const Switch kernel(kOurs);
    {
        const ShortGracePeriods next(kernel.lock, kernel.path);
        CHECK(kernel.value() == kOurs);
    }
    CHECK(kernel.value() == "0");
}

TEST_CASE("a missing switch, or a lock that cannot be made, is not an error") {
    const Switch kernel("0");
    { const ShortGracePeriods ours(kernel.lock, kernel.path + "-missing"); }
    { const ShortGracePeriods ours(kernel.directory.path() + "/missing/lock", kernel.path); }
    CHECK(kernel.value() == "0");
}

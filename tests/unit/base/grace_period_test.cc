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

TEST_CASE("grace periods are short while one asks for it, and until the last one leaves") {
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

TEST_CASE("a setting of somebody else stays") {
    const Switch kernel("1");
    { const ShortGracePeriods ours(kernel.lock, kernel.path); }
    CHECK(kernel.value() == "1");
}

TEST_CASE("what a killed process left is set back by the next one, whatever became of its state folder") {
    const Switch kernel(kOurs);
    {
        const ShortGracePeriods next(kernel.lock, kernel.path);
        CHECK(kernel.value() == kOurs);
    }
    CHECK(kernel.value() == "0");
}

TEST_CASE("a switch that is not there, or a lock that cannot be made, is no error") {
    const Switch kernel("0");
    { const ShortGracePeriods ours(kernel.lock, kernel.path + "-missing"); }
    { const ShortGracePeriods ours(kernel.directory.path() + "/missing/lock", kernel.path); }
    CHECK(kernel.value() == "0");
}

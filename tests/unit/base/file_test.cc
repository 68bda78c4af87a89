// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>

#include "support/temp_dir.h"

using namegate::Code;

TEST_CASE("a file is replaced as a whole and read within its limit") {
    const namegate::test::TempDir dir;
    const std::string path = dir.path() + "/state";
    REQUIRE(namegate::write_file_atomically(path, "first", 0600));
    REQUIRE(namegate::write_file_atomically(path, "second", 0600));
    CHECK(*namegate::read_file(path, 6) == "second");
    const auto too_long = namegate::read_file(path, 5);
    REQUIRE_FALSE(too_long);
    CHECK(too_long.error().code() == Code::kExhausted);
    CHECK(namegate::list_directory(dir.path(), 10)->size() == 1);
}

TEST_CASE("only regular files are read, and a FIFO does not block") {
    const namegate::test::TempDir dir;
    REQUIRE(::mkfifo((dir.path() + "/fifo").c_str(), 0600) == 0);
    CHECK(namegate::read_file(dir.path() + "/fifo", 10).error().code() == Code::kInvalidInput);
    CHECK(namegate::read_file(dir.path(), 10).error().code() == Code::kInvalidInput);
    CHECK(namegate::read_file(dir.path() + "/none", 10).error().code() == Code::kNotFound);
}

TEST_CASE("folders are made with their parents and listed within a limit") {
    const namegate::test::TempDir dir;
    REQUIRE(namegate::make_directories(dir.path() + "/a/b/c", 0700));
    REQUIRE(namegate::make_directories(dir.path() + "/a/b/c", 0700));
    REQUIRE(namegate::make_directories(dir.path() + "/a/d", 0700));
    CHECK(*namegate::list_directory(dir.path() + "/a", 2) == std::vector<std::string>{"b", "d"});
    CHECK(namegate::list_directory(dir.path() + "/a", 1).error().code() == Code::kExhausted);
}

TEST_CASE("a process waits until the timeout for a lock that another one holds") {
    const namegate::test::TempDir dir;
    const std::string path = dir.path() + "/lock";
    auto held = namegate::FileLock::acquire(path, 0);
    REQUIRE(held);
    CHECK(namegate::FileLock::acquire(path, 10).error().code() == Code::kTryAgain);
    { const auto dropped = std::move(held).value(); }
    CHECK(namegate::FileLock::acquire(path, 0));
}

TEST_CASE("a long wait for a lock ends at its timeout, and costs the holder little time") {
    const namegate::test::TempDir dir;
    const auto held = namegate::FileLock::acquire(dir.path() + "/lock", 0);
    REQUIRE(held);
    constexpr unsigned kWaitMs = 500;
    rusage before{};
    ::getrusage(RUSAGE_THREAD, &before);
    const auto start = std::chrono::steady_clock::now();
    CHECK_FALSE(namegate::FileLock::acquire(dir.path() + "/lock", kWaitMs));
    CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(kWaitMs));
    rusage after{};
    ::getrusage(RUSAGE_THREAD, &after);
    CHECK(after.ru_nvcsw - before.ru_nvcsw < 150);
}

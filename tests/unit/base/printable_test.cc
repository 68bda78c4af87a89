// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>

#include "base/log.h"

using namespace namegate;
using namespace std::string_literals;

namespace {

// What `write` writes to stderr.
template <typename Write>
std::string written(const Write& write) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    const int former = ::dup(STDERR_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    write();
    ::dup2(former, STDERR_FILENO);
    ::close(former);
    ::close(ends[1]);
    std::array<char, 4096> buffer{};
    const ssize_t got = ::read(ends[0], buffer.data(), buffer.size());
    ::close(ends[0]);
    return {buffer.data(), static_cast<std::size_t>(got < 0 ? 0 : got)};
}

}  // namespace

TEST_CASE("characters that a terminal would act on are escaped") {
    CHECK(printable("plain text, \\n, ü, 日本") == "plain text, \\n, ü, 日本");
    CHECK(printable("a\nb\tc\r") == "a\\nb\\tc\\r");
    CHECK(printable("\033[2Jx\a\x7f\0"s) == "\\x1b[2Jx\\x07\\x7f\\x00");
    CHECK(printable("\xc2\x9b"
                    "31m") == "\\u009b31m");  // C1: another way to write ESC [
    CHECK(printable("\xe2\x80\xae"
                    "cod") == "\\u202ecod");                                  // right to left override
    CHECK(printable("\xf3\xa0\x81\x81") == "\\U000e0041");                    // invisible tag
    CHECK(printable("\xff\xc3") == "\\xff\\xc3");                             // not UTF-8
    CHECK(printable("\xc0\x80\xed\xa0\x80") == "\\xc0\\x80\\xed\\xa0\\x80");  // overlong, surrogate
    CHECK(printable("").empty());
}

TEST_CASE("a JSON string escapes the same characters in JSON's form") {
    CHECK(json_string("plain, ü \"\\") == "\"plain, ü \\\"\\\\\"");
    CHECK(json_string("\n\x1b\x7f") == "\"\\u000a\\u001b\\u007f\"");
    CHECK(json_string("\xc2\x9b") == "\"\\u009b\"");
    CHECK(json_string("\xf3\xa0\x81\x81") == "\"\\udb40\\udc41\"");
    CHECK(json_string("\xff") == "\"\\\\xff\"");
    CHECK(json_string("") == "\"\"");
}

TEST_CASE("no value can write raw bytes into the log, or forge a field or a line") {
    const std::string evil = "x\" b=\"\n\x1b[2J\xff\xc2\x9b\\";
    log::configure(log::Level::kInfo, log::Format::kText);
    CHECK(written([&] { log::info("event", {log::kv("a", evil)}); }) == "info: event a=\"x\\\" b=\\\"\\n\\x1b[2J\\xff\\u009b\\\\\"\n");
    CHECK(written([&] { log::info("e\x1b\n", {}); }) == "info: e\\x1b\\n\n");
    log::configure(log::Level::kInfo, log::Format::kJson);
    CHECK(written([&] {
              log::info("event", {log::kv("a", evil), log::kv("n", 7)});
          }) == "{\"level\":\"info\",\"event\":\"event\",\"a\":\"x\\\" b=\\\"\\u000a\\u001b[2J\\\\xff\\u009b\\\\\",\"n\":7}\n");
    log::configure(log::Level::kInfo, log::Format::kText);
}

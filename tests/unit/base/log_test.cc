// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/printable.h"

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

TEST_CASE("a log line in JSON is valid JSON and UTF-8, for any input bytes") {
    std::vector<std::string> texts = {"\xc3"s,
                                      "\xc3("s,
                                      "\xe2\x80"s,
                                      "\xed\xa0\x80"s,
                                      "\xed\xbf\xbf"s,
                                      "\xc0\xaf"s,
                                      "\xf4\x90\x80\x80"s,
                                      "\xf0\x9f\x98"s,
                                      "\xf0\x9f\x98\x80"s,
                                      "a\0b"s,
                                      "\xe2\x80\xa8"s,
                                      "\xef\xbf\xbe"s,
                                      "\xef\xbb\xbf"s,
                                      "\"\\/\n\r\t\b\f"s,
                                      ""s};
    for (int byte = 0; byte < 256; ++byte) {
        texts.emplace_back(1, static_cast<char>(byte));
        texts.push_back("x" + texts.back() + "y");
    }
    log::configure(log::Level::kInfo, log::Format::kJson);
    for (const std::string& text : texts) {
        const std::string line = written([&text] {
            log::info("event " + text, {log::kv("string", text), log::kv("view", std::string_view(text)), log::kv("c", text.c_str()),
                                        log::kv("key " + text, 1)});
        });
        INFO(printable(line));
        REQUIRE(line.find('\n') == line.size() - 1);
        CHECK(is_utf8(line));
        const nlohmann::json parsed = nlohmann::json::parse(line, nullptr, false);  // strict: bytes that are not UTF-8 fail it
        REQUIRE(parsed.is_object());
        CHECK(parsed.size() == 6);
        CHECK(parsed["string"] == parsed["view"]);
        if (is_utf8(text)) {
            CHECK(parsed["string"] == text);
            CHECK(parsed["event"] == "event " + text);
            CHECK(parsed["c"] == text.c_str());
        }
    }
    log::configure(log::Level::kInfo, log::Format::kText);
}

TEST_CASE("a number in a log line is a JSON number, or text") {
    log::configure(log::Level::kInfo, log::Format::kJson);
    const auto logged = [](const log::Field& field) {
        return nlohmann::json::parse(written([&field] { log::info("event", {field}); }), nullptr, false).value("n", nlohmann::json());
    };
    CHECK(logged(log::kv("n", std::numeric_limits<std::uint64_t>::max())) == std::numeric_limits<std::uint64_t>::max());
    CHECK(logged(log::kv("n", std::numeric_limits<std::int64_t>::min())) == std::numeric_limits<std::int64_t>::min());
    CHECK(logged(log::kv("n", '\xff')).is_number_integer());
    CHECK(logged(log::kv("n", true)) == 1);
    CHECK(logged(log::kv("n", -1.5)) == -1.5);
    CHECK(logged(log::kv("n", std::nan(""))) == "nan");
    CHECK(logged(log::kv("n", std::numeric_limits<float>::infinity())) == "inf");
    log::configure(log::Level::kInfo, log::Format::kText);
}

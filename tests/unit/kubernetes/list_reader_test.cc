// SPDX-License-Identifier: Apache-2.0
// The replies to lists and the lines of watches, split while they arrive.
#include "kubernetes/client/list_reader.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "kubernetes/client/json_text.h"
#include "kubernetes/client/line_reader.h"

using namespace namegate;
using namespace namegate::kubernetes;

namespace {

struct Read {
    std::vector<std::string> items;
    std::vector<std::string> large;
    Result<> fed = ok();
    Result<std::string> envelope = Error(Code::kInternal, "");
};

Read read(const std::string& text, std::size_t step, std::size_t max_item = 1000) {
    Read out;
    ListReader reader(max_item, [&out](std::string_view item, bool large) { (large ? out.large : out.items).emplace_back(item); });
    for (std::size_t at = 0; at < text.size() && out.fed; at += step) {
        out.fed = reader.feed(std::string_view(text).substr(at, step));
    }
    out.envelope = reader.finish();
    return out;
}

}  // namespace

TEST_CASE("a list is split into items and the rest, wherever it is cut in pieces") {
    const std::string text =
        "\n{ \"kind\" : \"PodList\", \"a\": {\"items\": [1]}, \"items\" : [ {\"a\": \"}]\\\"{\"} , {\"b\":[{}]}\n,{}], "
        "\"metadata\":{\"continue\":\"c\", \"items\": [ {} ]} } \n";
    for (std::size_t step = 1; step <= text.size(); ++step) {
        const Read out = read(text, step);
        REQUIRE(out.fed);
        REQUIRE(out.envelope);
        CHECK(out.items == std::vector<std::string>{"{\"a\": \"}]\\\"{\"}", "{\"b\":[{}]}", "{}"});
        const auto envelope = parse_json_object(*out.envelope);
        REQUIRE(envelope);
        CHECK(text_at(*envelope, {"metadata", "continue"}) == "c");
    }
}

TEST_CASE("an item that is too large is told with its beginning, and the others are read") {
    const std::string large = "{\"metadata\":{\"name\":\"big\",\"namespace\":\"ns\"},\"x\":\"" + std::string(5000, 'y') + "\"}";
    const Read out = read("{\"items\":[{\"a\":1}," + large + ",{\"b\":2}]}", 7);
    REQUIRE(out.envelope);
    CHECK(out.items == std::vector<std::string>{"{\"a\":1}", "{\"b\":2}"});
    REQUIRE(out.large.size() == 1);
    CHECK(out.large.front().size() == 1000);
    CHECK(to_string(find_name(out.large.front(), "")) == "ns/big");
}

TEST_CASE("what is no list, or not a whole one, is refused") {
    CHECK_FALSE(read("[]", 1).fed);
    CHECK_FALSE(read("hello", 1).fed);
    CHECK_FALSE(read("{\"items\":[1]}", 1).fed);
    CHECK_FALSE(read("{\"items\":[\"a\"]}", 1).fed);
    CHECK_FALSE(read("{} {}", 1).fed);
    CHECK_FALSE(read("{\"items\":[{}", 1).envelope);
    CHECK_FALSE(read("", 1).envelope);
    CHECK(read("{\"x\":\"" + std::string(kMaxEnvelopeBytes, 'y') + "\"}", 4096).fed.error().code() == Code::kExhausted);
}

TEST_CASE("lines are split wherever they are cut; one that is too long is told with its beginning") {
    const std::string text = "one\n\ntwo\n" + std::string(20, 'x') + "\nthree\nrest";
    for (std::size_t step = 1; step <= text.size(); ++step) {
        std::vector<std::string> lines;
        LineReader reader(10, [&lines](std::string_view line, bool too_long) {
            lines.push_back(std::string(line) + (too_long ? "..." : ""));
            return true;
        });
        for (std::size_t at = 0; at < text.size(); at += step) {
            CHECK(reader.feed(std::string_view(text).substr(at, step)));
        }
        CHECK(lines == std::vector<std::string>{"one", "", "two", "xxxxxxxxxx...", "three"});
    }
    int count = 0;
    LineReader stopped(10, [&count](std::string_view, bool) { return ++count < 2; });
    CHECK_FALSE(stopped.feed("a\nb\nc\n"));
    CHECK(count == 2);
}

TEST_CASE("the name of an object is found at the place of its metadata only") {
    CHECK(to_string(find_name(R"({"type":"MODIFIED","object":{"metadata":{"name":"a","namespace":"b"},"x":")", "object")) == "b/a");
    CHECK(find_name(R"({"type":"MODIFIED","object":{"spec":{"metadata":{"name":"a","namespace":"b"}}}})", "object").name.empty());
    CHECK(find_name(R"({"metadata":{"name":"a","namespace":"b"}})", "object").name.empty());
    CHECK(find_name(R"({"metadata":{"labels":{"name":"x"},"name":"a"}})", "").name == "a");
    CHECK(find_name("garbage", "").name.empty());
}

TEST_CASE("JSON that is nested too deeply is refused before it is parsed") {
    const std::string deep = "{\"a\":" + std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']') + "}";
    CHECK(parse_json_object(deep).error().code() == Code::kExhausted);
    CHECK(parse_json_object("[]").error().code() == Code::kInvalidInput);
    CHECK(parse_json_object("{\"a\":\"\xff\"}").error().code() == Code::kInvalidInput);
    CHECK(parse_json_object("{}"));
}

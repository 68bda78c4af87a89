// SPDX-License-Identifier: Apache-2.0
#include "api/protocol.h"

#include <catch2/catch.hpp>
#include <string>

namespace namegate::api {
namespace {

TEST_CASE("requests survive encoding and decoding") {
    const auto request = parse_request(encode_request({"ips", {{"endpoint", "default/a \"quoted\"\n"}}}));
    REQUIRE(request);
    CHECK(request->command == "ips");
    CHECK(text_argument(request->arguments, "endpoint").value_or("") == "default/a \"quoted\"\n");
    CHECK(text_argument(request->arguments, "other", "fallback").value_or("") == "fallback");
    CHECK(encode_request({"ips", {{"endpoint", "a\nb"}}}).find('\n') == std::string::npos);
    CHECK(parse_request("{\"command\":\"status\"}"));
}

TEST_CASE("input that is not a request is refused") {
    for (const char* line : {"", " ", "null", "[]", "1", "{", "{\"command\":1}", "{\"command\":\"a\",\"arguments\":[]}",
                             "{\"arguments\":{}}", "{\"command\":\"a\",\"more\":1}", "status", "\xff\xfe", "{\"command\":\"a\"} {}"}) {
        INFO(line);
        const auto request = parse_request(line);
        REQUIRE_FALSE(request);
        CHECK(request.error().code() == Code::kInvalidInput);
    }
    CHECK_FALSE(parse_request(std::string("{\"command\":\"a\0\"}", 15)));
    const auto number = parse_request("{\"command\":\"a\",\"arguments\":{\"endpoint\":5}}");
    REQUIRE(number);
    CHECK_FALSE(text_argument(number->arguments, "endpoint"));
}

TEST_CASE("deep nesting is refused before parsing") {
    const std::string deep(1'000'000, '[');
    const auto parsed = parse_json(deep);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message().find("deeper") != std::string::npos);
    CHECK(parse_json("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[\""));
}

TEST_CASE("replies survive encoding and decoding, errors with their code") {
    const auto good = parse_reply(encode_reply(Json{{"a", 1}}));
    REQUIRE(good);
    CHECK((*good)["a"] == 1);
    for (const Code code : {Code::kInvalidInput, Code::kNotFound, Code::kExists, Code::kTryAgain, Code::kPermission, Code::kExhausted,
                            Code::kUnsupported, Code::kIo, Code::kInternal}) {
        const auto bad = parse_reply(encode_reply(Error(code, "why")));
        REQUIRE_FALSE(bad);
        CHECK(bad.error().code() == code);
        CHECK(bad.error().message() == "why");
    }
    CHECK(parse_reply(encode_reply(Error(Code::kLabelsUnknown, "why"))).error().code() == Code::kTryAgain);
    for (const char* line : {"", "{}", "[]", "{\"ok\":1}", "{\"ok\":true}", "{\"ok\":false}", "{\"ok\":false,\"error\":{\"code\":1}}"}) {
        INFO(line);
        CHECK_FALSE(parse_reply(line));
    }
}

TEST_CASE("bytes that are not UTF-8 do not break a reply") {
    const auto reply =
        parse_reply(encode_reply(Json("a\xff"
                                      "b")));
    REQUIRE(reply);
    CHECK(reply->is_string());
}

}  // namespace
}  // namespace namegate::api

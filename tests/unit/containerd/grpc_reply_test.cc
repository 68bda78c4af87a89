// SPDX-License-Identifier: Apache-2.0
#include "containerd/grpc_reply.h"

#include <catch2/catch.hpp>
#include <utility>
#include <vector>

namespace grpc_reply_test {

using namespace namegate;
using namespace namegate::containerd;

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

Result<> add(GrpcReplyReader& reader, const std::string& data) {
    return reader.add_data({reinterpret_cast<const std::uint8_t*>(data.data()), data.size()});
}

const Fields kHeaders = {{":status", "200"}, {"content-type", "application/grpc"}};

Result<GrpcReply> read(const Fields& fields, const std::string& data = frame_message("")) {
    GrpcReplyReader reader;
    for (const auto& [name, value] : fields) {
        NG_TRY(reader.add_header(name, value));
    }
    NG_TRY(add(reader, data));
    return reader.finish();
}

Fields with(const Fields& more) {
    Fields fields = kHeaders;
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
}

std::string refusal(const Fields& fields, const std::string& data = frame_message("")) {
    const auto reply = read(fields, data);
    REQUIRE_FALSE(reply);
    CHECK(reply.error().code() == Code::kInvalidInput);
    return reply.error().message();
}

}  // namespace

TEST_CASE("a message begins with a flag and its length") {
    CHECK(frame_message("abc") == std::string("\0\0\0\0\3abc", 8));
    CHECK(frame_message(std::string(0x10203, 'x')).substr(0, 5) == std::string("\0\0\1\2\3", 5));
    const auto reply = read(with({{"grpc-status", "0"}}), frame_message("abc"));
    REQUIRE(reply);
    CHECK(reply->status == GrpcStatus::kOk);
    CHECK(reply->message == "abc");
    CHECK(read(with({{"grpc-status", "0"}}))->message.empty());
}

TEST_CASE("only the content types of gRPC are accepted") {
    for (const char* type : {"application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"}) {
        INFO(type);
        CHECK(read({{":status", "200"}, {"content-type", type}, {"grpc-status", "0"}}));
    }
    for (const char* type : {"text/html", "", "application/grpcweb", "application/json"}) {
        INFO(type);
        CHECK_THAT(refusal({{":status", "200"}, {"content-type", type}, {"grpc-status", "0"}}),
                   Catch::Contains("instead of application/grpc"));
    }
}

TEST_CASE("a status other than OK comes with a reason, percent-encoded, and needs no message") {
    const auto reply = read(with({{"grpc-status", "5"}, {"grpc-message", "caf%C3%A9 %22x%22 100%"}}), "");
    REQUIRE(reply);
    CHECK(reply->status == GrpcStatus::kNotFound);
    CHECK(reply->text == "caf\xC3\xA9 \"x\" 100%");
    CHECK(decode_percent("%4a%4A%") == "JJ%");
    CHECK(decode_percent("%4") == "%4");
    CHECK(decode_percent("%zz%2") == "%zz%2");
    CHECK(decode_percent("") == "");
    CHECK(read(with({{"grpc-status", "5"}, {"grpc-message", std::string(2 * kMaxStatusText, 'x')}}), "")->text.size() == kMaxStatusText);
    CHECK(to_string(GrpcStatus::kUnimplemented) == "UNIMPLEMENTED");
    CHECK(to_string(static_cast<GrpcStatus>(16)) == "UNAUTHENTICATED");
    CHECK(to_string(static_cast<GrpcStatus>(77)) == "status 77");
}

TEST_CASE("input that is not a gRPC reply is an error that says why") {
    CHECK_THAT(refusal({}), Catch::Contains("HTTP status \"\""));
    CHECK_THAT(refusal({{":status", "404"}, {"content-type", "application/grpc"}, {"grpc-status", "0"}}),
               Catch::Contains("HTTP status \"404\""));
    CHECK_THAT(refusal(kHeaders), Catch::Contains("gRPC status \"\""));
    for (const char* status : {"-1", "x", "0x", "99999999999"}) {
        CHECK_THAT(refusal(with({{"grpc-status", status}})), Catch::Contains("gRPC status"));
    }
    const Fields good = with({{"grpc-status", "0"}});
    CHECK_THAT(refusal(good, ""), Catch::Contains("ends before its message"));
    CHECK_THAT(refusal(good, frame_message("abc").substr(0, 4)), Catch::Contains("ends before its message"));
    CHECK_THAT(refusal(good, frame_message("abc").substr(0, 7)), Catch::Contains("a message of 3 bytes in 2"));
    CHECK_THAT(refusal(good, frame_message("abc") + frame_message("d")), Catch::Contains("a message of 3 bytes in 9"));
    std::string compressed = frame_message("abc");
    compressed[0] = 1;
    CHECK_THAT(refusal(good, compressed), Catch::Contains("compressed"));
}

TEST_CASE("an informational reply is not part of the reply") {
    CHECK_THAT(refusal({{":status", "103"}, {"content-type", "application/grpc"}, {"grpc-status", "0"}, {":status", "200"}}),
               Catch::Contains("content type \"\""));
}

TEST_CASE("header fields and data are limited") {
    GrpcReplyReader headers;
    CHECK(headers.add_header("x", std::string(kMaxHeaderBytes - 1, 'y')));
    CHECK(headers.add_header("", ""));
    CHECK(headers.add_header("", "z").error().code() == Code::kExhausted);

    GrpcReplyReader reader;
    for (const auto& [name, value] : with({{"grpc-status", "0"}})) {
        REQUIRE(reader.add_header(name, value));
    }
    const std::string longest(kMaxReplyBytes, 'x');
    REQUIRE(add(reader, frame_message(longest)));
    CHECK(reader.finish()->message == longest);
    const auto more = add(reader, "x");
    CHECK(more.error().code() == Code::kExhausted);
    CHECK_THAT(more.error().message(), Catch::Contains(std::to_string(kMaxReplyBytes)));
}

}  // namespace grpc_reply_test

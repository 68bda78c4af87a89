// SPDX-License-Identifier: Apache-2.0
// Calls over a socket, and everything that a server may send instead of a reply.
#include "containerd/channel.h"

#include <poll.h>

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "support/containerd/scripted_server.h"

using namespace namegate;
using namespace namegate::containerd;
using namespace namegate::test;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr milliseconds kLong{20000};
const std::string kSettled = frame(kSettings, 0, 0, "");

class Caller {
  public:
    explicit Caller(const std::string& path) : channel_(Channel::create([path] { return Result<std::string>(path); }).value()) {}

    // Returns the index of its reply in replies().
    std::size_t call(milliseconds timeout = kLong, const std::string& message = "question") {
        const std::size_t index = replies_.size();
        replies_.emplace_back();
        channel_->call({"/some.Service/Get", {{"extra", "field"}}, message}, steady_clock::now() + timeout,
                       [this, index](Result<GrpcReply> reply) {
                           replies_[index] = std::move(reply);
                           order_.push_back(index);
                       });
        return index;
    }
    // Waits until this many calls have ended.
    void wait(std::size_t count) {
        const auto limit = steady_clock::now() + 2 * kLong;
        while (order_.size() < count && steady_clock::now() < limit) {
            pollfd waiting{channel_->fd(), POLLIN, 0};
            if (::poll(&waiting, 1, 1000) > 0) {
                channel_->work();
            }
        }
        REQUIRE(order_.size() >= count);
    }
    Result<GrpcReply> ask(milliseconds timeout = kLong, const std::string& message = "question") {
        const std::size_t index = call(timeout, message);
        wait(order_.size() + 1);
        return *replies_[index];
    }
    const std::vector<std::size_t>& order() const { return order_; }
    const Result<GrpcReply>& reply(std::size_t index) const { return *replies_[index]; }

  private:
    std::unique_ptr<Channel> channel_;
    std::vector<std::optional<Result<GrpcReply>>> replies_;
    std::vector<std::size_t> order_;
};

// The server accepts one connection, reads one request, sends these bytes, and then nothing.
Result<GrpcReply> answer_to(const std::string& bytes, milliseconds timeout = kLong, milliseconds between = milliseconds(0)) {
    ScriptedServer server({{{1, bytes, between}}}, true);
    Caller caller(server.path());
    auto reply = caller.ask(timeout);
    if (!reply) {
        CHECK_THAT(reply.error().message(), Catch::StartsWith("containerd at " + server.path() + " did not answer /some.Service/Get: "));
    }
    return reply;
}

std::string message_of(const Result<GrpcReply>& reply) {
    INFO((reply ? std::string() : reply.error().message()));
    REQUIRE(reply);
    CHECK(reply->status == GrpcStatus::kOk);
    return reply->message;
}

std::string failure(const Result<GrpcReply>& reply, Code code = Code::kInvalidInput) {
    REQUIRE_FALSE(reply);
    CHECK(reply.error().code() == code);
    return reply.error().message();
}

}  // namespace

TEST_CASE("a reply is read whole, byte by byte, in many frames, and after an informational one") {
    CHECK(message_of(answer_to(kSettled + whole_reply(1, "answer"))) == "answer");
    CHECK(message_of(answer_to(kSettled + whole_reply(1, "answer"), kLong, milliseconds(1))) == "answer");
    std::string bytes = kSettled + headers(1, {{":status", "103"}, {"link", "x"}}) + reply_headers(1);
    for (const char byte : frame_message("answer")) {
        bytes += frame(kData, 0, 1, std::string(1, byte)) + frame(kPing, 0, 0, "12345678");
    }
    CHECK(message_of(answer_to(bytes + trailers(1))) == "answer");
}

TEST_CASE("trailers alone are a reply, with a reason") {
    const auto reply = answer_to(kSettled + headers(1,
                                                    {{":status", "200"},
                                                     {"content-type", "application/grpc"},
                                                     {"grpc-status", "5"},
                                                     {"grpc-message", "container %22x%22: not found"}},
                                                    kEndHeaders | kEndStream));
    REQUIRE(reply);
    CHECK(reply->status == GrpcStatus::kNotFound);
    CHECK(reply->text == "container \"x\": not found");
}

TEST_CASE("input that is not a gRPC reply ends the call at once") {
    const auto before = steady_clock::now();
    const std::string end = trailers(1);
    CHECK_THAT(failure(answer_to(kSettled + headers(1, {{":status", "200"}, {"content-type", "text/html"}}) + reply_data(1, "x") + end)),
               Catch::Contains("content type \"text/html\""));
    CHECK_THAT(failure(answer_to(kSettled + headers(1, {{":status", "503"}}, kEndHeaders | kEndStream))),
               Catch::Contains("HTTP status \"503\""));
    CHECK_THAT(failure(answer_to(kSettled + reply_headers(1) + frame(kData, kEndStream, 1, frame_message("x")))),
               Catch::Contains("gRPC status \"\""));
    CHECK_THAT(failure(answer_to(kSettled + reply_headers(1) + end)), Catch::Contains("ends before its message"));
    CHECK_THAT(failure(answer_to(kSettled + reply_headers(1) + reply_data(1, "x") + reply_data(1, "y") + end)),
               Catch::Contains("a message of 1 bytes in 7"));
    CHECK_THAT(failure(answer_to(kSettled + frame(kResetStream, 0, 1, number32(2)))), Catch::Contains("INTERNAL_ERROR"));
    CHECK_THAT(failure(answer_to(kSettled + reply_headers(1) + frame(kResetStream, 0, 1, number32(8)))), Catch::Contains("CANCEL"));
    // A reply without a status.
    CHECK_THAT(failure(answer_to(kSettled + headers(1, {{"content-type", "application/grpc"}}))), Catch::Contains("PROTOCOL_ERROR"));
    CHECK(steady_clock::now() - before < kLong);
}

TEST_CASE("data that is not HTTP/2 ends the call at once, even if the server then closes the connection") {
    const auto before = steady_clock::now();
    const std::string http1 = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    CHECK_THAT(failure(answer_to(http1)), Catch::Contains("invalid HTTP/2"));
    CHECK_THAT(failure(answer_to(kSettled + std::string("\xFF\xFF\xFF\x00\x00\x00\x00\x00\x01", 9))), Catch::Contains("invalid HTTP/2"));
    CHECK_THAT(failure(answer_to(kSettled + frame(kHeaders, kEndHeaders, 1, "\xFF\xFF\xFF\xFF\xFF\xFF"))),
               Catch::Contains("invalid HTTP/2"));
    CHECK_THAT(failure(answer_to(kSettled + frame(kData, 0, 0, "x"))), Catch::Contains("invalid HTTP/2"));
    CHECK_THAT(failure(answer_to(kSettled + whole_reply(3, "of a stream that was never asked for"))), Catch::Contains("invalid HTTP/2"));
    ScriptedServer server({{{1, http1}}});
    Caller caller(server.path());
    CHECK_THAT(failure(caller.ask()), Catch::Contains("invalid HTTP/2"));
    CHECK(server.connections() == 1);
    CHECK(steady_clock::now() - before < kLong);
}

TEST_CASE("endless header fields, in one block or in many, end the call") {
    const std::string large(10000, 'x');
    const std::string first = headers(1, {{"grpc-status", "0"}, {"a", large}}, kEndStream);
    const std::string rest = frame(kContinuation, kEndHeaders, 1, headers(1, {{"b", large}}).substr(kFrameHeader));
    CHECK_THAT(failure(answer_to(kSettled + reply_headers(1) + reply_data(1, "x") + first + rest), Code::kExhausted),
               Catch::Contains("16384 bytes of header fields"));
    const std::string early = headers(1, {{":status", "103"}, {"a", large}});
    CHECK_THAT(failure(answer_to(kSettled + early + early), Code::kExhausted), Catch::Contains("16384 bytes of header fields"));
}

TEST_CASE("a server that floods the connection ends the call") {
    ScriptedServer server({{{1, kSettled}, {1, frame(kPing, 0, 0, "12345678"), milliseconds(0), true}}});
    Caller caller(server.path());
    CHECK_THAT(failure(caller.ask()), Catch::Contains("Flooding was detected"));
}

TEST_CASE("a server that is silent or slow costs no more than the timeout") {
    for (const auto& [bytes, between] :
         {std::pair{std::string(), 0}, {kSettled + reply_headers(1), 0}, {kSettled + whole_reply(1, "answer"), 100}}) {
        ScriptedServer server({{{1, bytes, milliseconds(between)}}}, true);
        Caller caller(server.path());
        const auto before = steady_clock::now();
        const auto reply = caller.ask(milliseconds(300));
        const auto took = steady_clock::now() - before;
        CHECK_THAT(failure(reply, Code::kTryAgain), Catch::EndsWith("no reply in time"));
        CHECK(took >= milliseconds(300));
        CHECK(took < milliseconds(3000));
    }
}

TEST_CASE("a call waits for a missing server, and its error gives the reason") {
    const TempDir directory;
    const std::string path = directory.path() + "/away.sock";
    Caller caller(path);
    CHECK_THAT(failure(caller.ask(milliseconds(250)), Code::kTryAgain), Catch::Contains("no reply in time (connect: No such file"));
    Caller too_long("/" + std::string(200, 'x'));
    CHECK_THAT(failure(too_long.ask()), Catch::Contains("too long for a socket"));
    // The server appears at the place where the next attempt looks.
    std::optional<ScriptedServer> server;
    std::string where = path;
    const std::unique_ptr<Channel> channel = Channel::create([&where] { return Result<std::string>(where); }).value();
    std::optional<Result<GrpcReply>> reply;
    channel->call({"/a.B/C", {}, ""}, steady_clock::now() + kLong, [&reply](Result<GrpcReply> one) { reply = std::move(one); });
    server.emplace(std::vector<Connection>{{{1, kSettled + whole_reply(1, "answer")}}}, true);
    where = server->path();
    const auto limit = steady_clock::now() + kLong;
    while (!reply && steady_clock::now() < limit) {
        pollfd waiting{channel->fd(), POLLIN, 0};
        ::poll(&waiting, 1, 1000);
        channel->work();
    }
    REQUIRE(reply);
    CHECK(message_of(*reply) == "answer");
    CHECK(channel->place() == "containerd at " + where);
}

TEST_CASE("a call is repeated after a lost connection, a GOAWAY and a refused stream") {
    const std::string answer = kSettled + whole_reply(1, "answer");
    const std::vector<std::vector<Connection>> scripts = {
        {{}, {{1, answer}}},
        {{{0, ""}}, {{1, answer}}},
        {{{1, kSettled + reply_headers(1)}}, {{1, answer}}},
        {{{1, kSettled + frame(kGoaway, 0, 0, number32(0) + number32(0))}}, {{1, answer}}},
        // Refused on a connection that stays: the call is repeated there.
        {{{1, kSettled + frame(kResetStream, 0, 1, number32(7))}, {2, whole_reply(3, "answer")}}},
    };
    for (const auto& script : scripts) {
        ScriptedServer server(script, false);
        Caller caller(server.path());
        CHECK(message_of(caller.ask()) == "answer");
        CHECK(server.connections() == script.size());
    }
    // A GOAWAY that lets the calls in progress go on.
    ScriptedServer server({{{1, kSettled + frame(kGoaway, 0, 0, number32(1) + number32(0)) + whole_reply(1, "first")}},
                           {{1, kSettled + whole_reply(1, "second")}}},
                          true);
    Caller caller(server.path());
    CHECK(message_of(caller.ask()) == "first");
    CHECK(message_of(caller.ask()) == "second");
    CHECK(server.connections() == 2);
}

TEST_CASE("a call whose connection is lost again and again fails at its timeout") {
    ScriptedServer server(std::vector<Connection>(20, {{1, kSettled + frame(kGoaway, 0, 0, number32(0) + number32(11) + "calm down")}}));
    Caller caller(server.path());
    CHECK_THAT(failure(caller.ask(milliseconds(350)), Code::kTryAgain),
               Catch::Contains("no reply in time (the server sent GOAWAY, ENHANCE_YOUR_CALM calm down"));
    CHECK(server.connections() >= 2);
    CHECK(server.connections() <= 5);
}

TEST_CASE("a refused call is repeated after a pause, not at once") {
    Connection steps;
    for (std::uint32_t i = 0; i < 6; ++i) {
        steps.push_back({i + 1, (i == 0 ? kSettled : "") + frame(kResetStream, 0, 2 * i + 1, number32(7))});
    }
    steps.push_back({7, whole_reply(13, "too early")});
    ScriptedServer server({steps}, true);
    Caller caller(server.path());
    CHECK_THAT(failure(caller.ask(milliseconds(350)), Code::kTryAgain), Catch::Contains("the stream was closed, REFUSED_STREAM"));
}

TEST_CASE("many calls share a connection, in any order, and an expired one does not affect the others") {
    ScriptedServer server(
        {{{3, kSettled + whole_reply(5, "third") + whole_reply(1, "first")}, {4, whole_reply(7, "fourth") + whole_reply(3, "late")}}},
        true);
    Caller caller(server.path());
    const std::size_t first = caller.call();
    const std::size_t second = caller.call(milliseconds(200));
    const std::size_t third = caller.call();
    caller.wait(3);
    CHECK(caller.order() == std::vector<std::size_t>{third, first, second});
    CHECK(message_of(caller.reply(first)) == "first");
    CHECK(message_of(caller.reply(third)) == "third");
    CHECK_THAT(failure(caller.reply(second), Code::kTryAgain), Catch::Contains("no reply in time"));
    CHECK(message_of(caller.ask()) == "fourth");
    CHECK(server.connections() == 1);
}

TEST_CASE("a server that accepts one request at a time gets them one after the other, long ones too") {
    const std::string one_at_a_time = std::string("\0\3", 2) + number32(1);
    ScriptedServer server({{{0, frame(kSettings, 0, 0, one_at_a_time)}, {1, whole_reply(1, "first")}, {2, whole_reply(3, "second")}}},
                          true);
    Caller caller(server.path());
    caller.call(kLong, std::string(40000, 'x'));
    caller.call();
    caller.wait(2);
    CHECK(message_of(caller.reply(0)) == "first");
    CHECK(message_of(caller.reply(1)) == "second");
}

TEST_CASE("calls in progress are dropped when the channel is destroyed") {
    ScriptedServer server({{{1, kSettled}}}, true);
    bool called = false;
    {
        const std::string path = server.path();
        const std::unique_ptr<Channel> channel = Channel::create([path] { return Result<std::string>(path); }).value();
        channel->call({"/a.B/C", {}, ""}, steady_clock::now() + kLong, [&called](const Result<GrpcReply>&) { called = true; });
        channel->work();
    }
    CHECK_FALSE(called);
}

// SPDX-License-Identifier: Apache-2.0
// The table of commands: each request survives its JSON form, and an invalid argument is refused with its name.
#include "api/commands.h"

#include <catch2/catch.hpp>
#include <set>

using namespace namegate;
using namespace namegate::api;

namespace {

// One of each, with every field set.
const std::vector<Call>& samples() {
    static const std::vector<Call> all = {
        StatusRequest{},
        EndpointsRequest{},
        PoliciesRequest{"default/pod"},
        AddressesRequest{"default/pod"},
        NamesRequest{"default/pod"},
        ExplainRequest{"default/pod", "api.weather.com:443", true, "api.weather.com"},
        WhyRequest{"default/pod", "api.weather.com:443"},
        StagedRequest{"default/pod"},
        MonitorRequest{"default/pod", true, true, true, true, "default", "pod", "*.weather.com", "default.allow", 900},
        PrepareRequest{"c1", "eth0"},
        ProgramRequest{"c1", "eth0", {*IpAddress::parse("10.0.0.1"), *IpAddress::parse("fd00::1")}},
        ForgetRequest{7},
    };
    return all;
}

Result<Call> decode(const std::string& command, const Json& arguments) { return decode_call({command, arguments}); }

}  // namespace

TEST_CASE("each command of the table decodes what it encodes, and has a unique name") {
    REQUIRE(samples().size() == commands().size());
    std::set<std::string> names;
    for (std::size_t i = 0; i < samples().size(); ++i) {
        REQUIRE(samples()[i].index() == i);
        const Request request = encode_call(samples()[i]);
        INFO(request.command);
        names.insert(request.command);
        const auto decoded = decode_call(request);
        REQUIRE(decoded);
        CHECK(decoded->index() == i);
        CHECK(encode_call(*decoded).arguments == request.arguments);
    }
    CHECK(names.size() == commands().size());
}

TEST_CASE("absent arguments have their defaults") {
    const auto all = decode("policies", Json::object());
    REQUIRE(all);
    CHECK(std::get<PoliciesRequest>(*all).endpoint.empty());
    CHECK(answer_by(*all) == AnswerBy::kChild);
    CHECK(answer_by(Call(PoliciesRequest{"default/pod"})) == AnswerBy::kLoop);
    const auto explain = decode("explain", {{"endpoint", "a"}});
    REQUIRE(explain);
    CHECK_FALSE(std::get<ExplainRequest>(*explain).ingress);
    CHECK(std::get<ExplainRequest>(*explain).tls_name.empty());
    const auto forget = decode("forget", Json::object());
    REQUIRE(forget);
    CHECK_FALSE(std::get<ForgetRequest>(*forget).endpoint);
}

TEST_CASE("an invalid argument is refused with its name") {
    const auto message = [](const std::string& command, const Json& arguments) {
        const auto decoded = decode(command, arguments);
        return decoded ? std::string("accepted") : decoded.error().message();
    };
    CHECK(message("ips", Json::object()).find("\"endpoint\"") != std::string::npos);
    CHECK(message("explain", {{"destination", "a"}}).find("\"endpoint\"") != std::string::npos);
    CHECK(message("explain", {{"endpoint", "a"}, {"direction", "up"}}).find("direction") != std::string::npos);
    CHECK(message("monitor", {{"denied", 1}}).find("\"denied\"") != std::string::npos);
    CHECK(message("program", {{"addresses", "10.0.0.1"}}).find("\"addresses\"") != std::string::npos);
    CHECK(message("program", {{"addresses", {"10.0.0"}}}).find("\"addresses\"") != std::string::npos);
    CHECK(message("program", {{"addresses", Json::array({"1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4", "1.1.1.5"})}}).find("at most 4") !=
          std::string::npos);
    CHECK(message("forget", {{"endpoint", -1}}).find("\"endpoint\"") != std::string::npos);
    CHECK(message("forget", {{"endpoint", std::uint64_t{1} << 33}}).find("\"endpoint\"") != std::string::npos);
    const auto unknown = decode("reboot", Json::object());
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code() == Code::kUnsupported);
}

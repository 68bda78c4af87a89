// SPDX-License-Identifier: Apache-2.0
#include "plugin/dispatcher.h"

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "cni/version.h"

using namespace namegate;
using namespace namegate::plugin;
using cni::CniError;
using cni::ErrorCode;
using cni::Json;
using cni::Outcome;

namespace {

class FakeHandler final : public Handler {
  public:
    Outcome<Json> add(const Request& request) override {
        NG_TRY(record("ADD", request));
        return Json{{"cniVersion", request.config.cni_version}};
    }
    Outcome<> del(const Request& request) override { return record("DEL", request); }
    Outcome<> check(const Request& request) override { return record("CHECK", request); }
    Outcome<> gc(const Request& request) override { return record("GC", request); }
    Outcome<> status(const Request& request) override { return record("STATUS", request); }

    std::vector<std::string> calls;
    std::optional<CniError> problem;

  private:
    Outcome<> record(const std::string& command, const Request& request) {
        calls.push_back(command + " " + request.environment.container_id + " " + request.config.name);
        if (problem) {
            return *problem;
        }
        return Unit{};
    }
};

struct Call {
    std::map<std::string, std::string> environment;
    std::string input;
};

Call make_call(const std::string& command, const std::string& version) {
    return {{{"CNI_COMMAND", command}, {"CNI_CONTAINERID", "c1"}, {"CNI_NETNS", "/run/netns/x"}, {"CNI_IFNAME", "eth0"}},
            R"({"cniVersion":")" + version + R"(","name":"net","type":"namegate"})"};
}

Reply run(const Call& call, Handler& handler) {
    return dispatch({[&call](const std::string& name) -> std::optional<std::string> {
                         const auto found = call.environment.find(name);
                         return found == call.environment.end() ? std::nullopt : std::optional<std::string>(found->second);
                     },
                     [&call]() -> Result<std::string> { return call.input; }},
                    handler);
}

unsigned code_of(const Reply& reply) {
    CHECK(reply.exit_status != 0);
    CHECK(reply.standard_error.empty());
    const Json object = Json::parse(reply.standard_output);
    CHECK(object.contains("cniVersion"));
    CHECK_FALSE(object["msg"].get<std::string>().empty());
    return object["code"].get<unsigned>();
}

}  // namespace

TEST_CASE("every command in every version", "[C20]") {
    for (const std::string command : {"ADD", "DEL", "CHECK", "GC", "STATUS"}) {
        for (const std::string version : {"0.1.0", "0.2.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0", "9.9.9"}) {
            INFO(command << " " << version);
            const bool spoken = cni::is_supported(version);
            const bool has = command == "CHECK" ? version != "0.3.1" : (command != "GC" && command != "STATUS") || version == "1.1.0";
            FakeHandler handler;
            const Reply reply = run(make_call(command, version), handler);
            if (spoken && has) {
                CHECK(reply.exit_status == 0);
                CHECK(handler.calls == std::vector<std::string>{command + " c1 net"});
                CHECK(reply.standard_output.empty() == (command != "ADD"));
            } else {
                CHECK(code_of(reply) == 1);
                CHECK(handler.calls.empty());
                CHECK(Json::parse(reply.standard_output)["cniVersion"] == version);
            }
        }
    }
}

TEST_CASE("VERSION replies to any configuration", "[C20]") {
    FakeHandler handler;
    for (const std::string input : {"", "garbage", R"({"cniVersion":"1.0.0"})", "[]"}) {
        const Reply reply = run({{{"CNI_COMMAND", "VERSION"}}, input}, handler);
        CHECK(reply.exit_status == 0);
        const Json object = Json::parse(reply.standard_output);
        CHECK(object["supportedVersions"] == Json{"0.3.1", "0.4.0", "1.0.0", "1.1.0"});
        CHECK(object["cniVersion"] == (input.find("1.0.0") != std::string::npos ? "1.0.0" : "1.1.0"));
    }
}

TEST_CASE("the program prints what it is when a person starts it", "[C8]") {
    FakeHandler handler;
    const Reply reply = run({}, handler);
    CHECK(reply.exit_status == 0);
    CHECK(reply.standard_output.empty());
    CHECK_THAT(reply.standard_error, Catch::Contains("CNI plugin"));
}

TEST_CASE("input errors have the codes of the specification", "[C8][C10]") {
    FakeHandler handler;
    Call call = make_call("ADD", "1.0.0");
    call.environment.erase("CNI_NETNS");
    CHECK(code_of(run(call, handler)) == 4);
    call = make_call("ADD", "1.0.0");
    call.environment["CNI_CONTAINERID"] = "a/b";
    CHECK(code_of(run(call, handler)) == 4);
    call.environment["CNI_COMMAND"] = "FETCH";
    CHECK(code_of(run(call, handler)) == 4);
    call = make_call("DEL", "1.0.0");
    call.input = "{";
    CHECK(code_of(run(call, handler)) == 6);
    call.input = R"({"cniVersion":"1.0.0"})";
    CHECK(code_of(run(call, handler)) == 7);
    call.input = R"({"cniVersion":1,"name":"n"})";
    CHECK(code_of(run(call, handler)) == 7);
    call.input = R"({"name":"n"})";
    CHECK(code_of(run(call, handler)) == 1);
    CHECK(handler.calls.empty());
}

TEST_CASE("stdin that cannot be read is an error") {
    FakeHandler handler;
    const Call call = make_call("DEL", "1.0.0");
    const Reply reply = dispatch({[&call](const std::string& name) -> std::optional<std::string> {
                                      const auto found = call.environment.find(name);
                                      return found == call.environment.end() ? std::nullopt : std::optional<std::string>(found->second);
                                  },
                                  []() -> Result<std::string> { return sys_error("reading stdin", 5); }},
                                 handler);
    CHECK(code_of(reply) == 5);
}

TEST_CASE("an error of the operation is printed in full, in the caller's version", "[C9]") {
    FakeHandler handler;
    handler.problem = CniError(ErrorCode::kTryAgain, "labels \xff unknown", "later");
    const Reply reply = run(make_call("ADD", "0.4.0"), handler);
    CHECK(reply.exit_status == 1);
    const Json object = Json::parse(reply.standard_output);
    CHECK(object["cniVersion"] == "0.4.0");
    CHECK(object["code"] == 11);
    CHECK_THAT(object["msg"].get<std::string>(), Catch::StartsWith("labels "));
    CHECK(object["details"] == "later");
}

TEST_CASE("the CNI codes of errors from lower layers") {
    CHECK(cni::to_cni_code(Code::kTryAgain) == ErrorCode::kTryAgain);
    CHECK(cni::to_cni_code(Code::kLabelsUnknown) == ErrorCode::kTryAgain);
    CHECK(cni::to_cni_code(Code::kIo) == ErrorCode::kIo);
    CHECK(cni::to_cni_code(Code::kInvalidInput) == ErrorCode::kInvalidConfig);
    CHECK(cni::to_cni_code(Code::kExists) == ErrorCode::kAlreadyExists);
    // 3 would mean that there is nothing to clean up.
    CHECK(cni::to_cni_code(Code::kNotFound) == ErrorCode::kFailed);
    CHECK(cni::to_cni_code(Code::kInternal) == ErrorCode::kInternal);
}

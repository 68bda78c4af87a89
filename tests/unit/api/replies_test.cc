// SPDX-License-Identifier: Apache-2.0
// Each reply survives its JSON form, which is the one of docs/api-json.md; a field that is missing or of another type is named.
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "api/reply.h"
#include "support/documented_json.h"
#include "support/reply_samples.h"

using namespace namegate;
using namespace namegate::api;

namespace {

using Lines = std::vector<std::string>;

// What read_reply() says of JSON; empty: it read `*expected` or, if that is null, anything.
template <typename Request>
std::string problem(const Json& json, const typename Request::Reply* expected = nullptr) {
    const auto read = read_reply<Request>(json);
    if (!read) {
        CHECK(read.error().code() == Code::kInvalidInput);
        return read.error().message();
    }
    return expected == nullptr || *read == *expected ? "" : "it reads another value";
}

// Members that a reply may lack.
const Lines kMayBeAbsent = {
    "staged.liveFlows", "staged.deniedFlows", "staged.example", ".neverOpens", "dnsQueries", ".tlsNames",        ".quic",
    ".shownNames",      ".tlsName",           "].dns",          "].type",      "apiServer",  ".hostNetworkPods", ".otherNetworkPods"};
// Objects whose names are data.
const std::set<std::string> kMaps = {"labels", "annotations", "counters"};

// The place of each member of each object in it, except of those whose names are data.
void add_places(const Json& value, const std::string& place, Lines& out) {
    for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) {
        add_places(value[i], place + "[" + std::to_string(i) + "]", out);
    }
    static const Json none = Json::object();
    for (const auto& member : (value.is_object() ? value : none).items()) {
        const std::string at = place.empty() ? member.key() : place + "." + member.key();
        out.push_back(at);
        if (kMaps.count(member.key()) == 0) {
            add_places(member.value(), at, out);
        }
    }
}

// "files[0].path" -> /files/0/path
Json::json_pointer pointer_to(const std::string& place) {
    std::string out = place.front() == '[' ? "" : "/";
    for (const char c : place) {
        if (c != ']') {
            out += c == '.' || c == '[' ? '/' : c;
        }
    }
    return Json::json_pointer(out);
}

template <typename Request>
void check_reply(const typename Request::Reply& sample) {
    const Json json = write_reply<Request>(sample);
    INFO(command_name<Request>() << ": " << json.dump());
    CHECK(problem<Request>(*parse_json(dump(json)), &sample) == "");
    Lines places;
    add_places(json, "", places);
    for (const std::string& place : places) {
        INFO(place);
        const auto pointer = pointer_to(place);
        Json changed = json;
        const bool is_flag = changed[pointer].is_boolean();
        changed[pointer] = is_flag ? Json(1) : Json(true);
        CHECK_THAT(problem<Request>(changed),
                   Catch::Contains("\"" + std::string(command_name<Request>()) + "\": the field \"" + place + "\" is not "));
        Json& around = changed[pointer.parent_pointer()];
        around.erase(pointer.back());
        const bool is_named = problem<Request>(changed).find("the field \"" + place + "\" is missing") != std::string::npos;
        CHECK(is_named ==
              std::none_of(kMayBeAbsent.begin(), kMayBeAbsent.end(), [&](const std::string& end) { return place.ends_with(end); }));
        // What a later daemon sends in addition is ignored.
        changed = json;
        changed[pointer.parent_pointer()]["added"] = {1, 2};
        CHECK(problem<Request>(changed, &sample) == "");
    }
    for (const Json& other : {Json(), Json(1), Json("x"), Json{{"files", 3}}, Json{1, "x", nullptr}}) {
        CHECK(problem<Request>(other) != "");
    }
}

template <typename Request>
Lines described(const std::string& section, const typename Request::Reply& sample) {
    test::DocumentedJson document(NAMEGATE_API_JSON, section);
    Json output = {{"formatVersion", 1}};
    Json json = write_reply<Request>(sample);
    if (json.is_array()) {
        output["items"] = std::move(json);
    } else {
        output.update(json);
    }
    Lines out = document.check(output);
    const Lines unseen = document.unseen();
    out.insert(out.end(), unseen.begin(), unseen.end());
    return out;
}

}  // namespace

TEST_CASE("each reply reads what it writes, and names a field that is missing or of another type") {
    check_reply<StatusRequest>(test::sample_status());
    check_reply<EndpointsRequest>(test::sample_endpoints());
    check_reply<PoliciesRequest>(test::sample_policy_list());
    check_reply<PoliciesRequest>(test::sample_rules());
    check_reply<AddressesRequest>(test::sample_addresses());
    check_reply<NamesRequest>(test::sample_names());
    check_reply<ExplainRequest>(test::sample_explain());
    check_reply<WhyRequest>(test::sample_why());
    check_reply<StagedRequest>(test::sample_staged());
    const DoneReply done;
    CHECK(problem<ProgramRequest>(write_reply<ProgramRequest>(done), &done) == "");
    CHECK(write_reply<ProgramRequest>(done) == Json::object());
}

TEST_CASE("each reply is as docs/api-json.md describes it") {
    CHECK(described<StatusRequest>("status", test::sample_status()) == Lines{});
    CHECK(described<EndpointsRequest>("endpoints", test::sample_endpoints()) == Lines{});
    CHECK(described<PoliciesRequest>("policies", test::sample_policy_list()) == Lines{});
    CHECK(described<PoliciesRequest>("policies ENDPOINT", test::sample_rules()) == Lines{});
    CHECK(described<AddressesRequest>("ips", test::sample_addresses()) == Lines{});
    CHECK(described<NamesRequest>("dns", test::sample_names()) == Lines{});
    CHECK(described<ExplainRequest>("explain", test::sample_explain()) == Lines{});
    CHECK(described<WhyRequest>("why", test::sample_why()) == Lines{});
    CHECK(described<StagedRequest>("staged", test::sample_staged()) == Lines{});
}

TEST_CASE("the values of a reply in JSON") {
    CHECK(dump(write_reply<PoliciesRequest>(test::sample_policy_list())[1]) ==
          R"({"tier":"default","order":1.5,"kind":"GlobalNetworkPolicy","policy":"half","staged":false,"types":["Egress"],)"
          R"("file":"/p/a.yaml","line":3,"endpoints":2,"unknownEndpoints":0,"rules":5,"matchedRules":0})");
    CHECK(dump(write_reply<NamesRequest>(test::sample_names())) ==
          R"([{"endpoint":"default/weather","name":"bad\nname.com","addresses":["192.0.2.10","-> edge.example"],"ttlSeconds":60}])");
    CHECK(dump(to_json(DirectionRules{})) == R"({"enforced":false,"rules":[],"staged":null})");
    CHECK(dump(to_json(StagedEffect{"x", {}})) == R"({"error":"x","rules":[]})");
    CHECK(dump(to_json(NumberMap{{{"b", 1}, {"a", ~std::uint64_t{0}}}})) == R"({"b":1,"a":18446744073709551615})");
    CHECK(dump(to_json(1e14)) == "100000000000000");
    CHECK(dump(to_json(-3.0)) == "-3");
    CHECK(dump(to_json(1e15)) == "1e+15");
}

TEST_CASE("numbers of a reply are within their range") {
    CHECK(*from_json<std::uint16_t>(65'535) == 65'535);
    for (const Json& number : {Json(65'536), Json(-1), Json(1.5), Json("1"), Json(nullptr), Json(true)}) {
        INFO(number.dump());
        CHECK_FALSE(from_json<std::uint16_t>(number));
    }
    CHECK(*from_json<std::int64_t>(-1) == -1);
    CHECK_FALSE(from_json<std::int64_t>(~std::uint64_t{0}));
    CHECK(from_json<NumberMap>({{"a", 1}, {"b", -1}}).error().message() == "the field \"b\" is not a whole number within its range");
    CHECK(from_json<TextMap>({{"a", 1}}).error().message() == "the field \"a\" is not text");
    CHECK(from_json<std::vector<Texts>>({{"a"}, {"b", 1}}).error().message() == "the field \"[1][1]\" is not text");
    CHECK(from_json<Texts>(1).error().message() == "it is not a list");
}

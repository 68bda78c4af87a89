// SPDX-License-Identifier: Apache-2.0
#include "endpoints/record.h"

#include <catch2/catch.hpp>

#include "sample_record.h"

using namegate::Code;
using namegate::endpoints::keep_annotations;
using namegate::endpoints::Labels;
using namegate::endpoints::Record;
using namegate::endpoints::record_from_json;
using namegate::endpoints::to_json;
using namegate::test::sample_record;

namespace endpoints = namegate::endpoints;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a record survives encoding and decoding") {
    const auto full = record_from_json(to_json(sample_record()));
    REQUIRE(full);
    CHECK(*full == sample_record());
    Record asked = sample_record();
    asked.described["containerd"].labels = Labels{{"app", "web"}};
    CHECK(*record_from_json(to_json(asked)) == asked);
    asked.described["containerd"].labels->clear();  // asked, and there are none: not the same as never asked
    CHECK(*record_from_json(to_json(asked)) == asked);
    const auto empty = record_from_json(to_json(Record{}));
    REQUIRE(empty);
    CHECK(*empty == Record{});
}

TEST_CASE("a record is read strictly, and the error names the field") {
    struct Row {
        const char* from;
        const char* to;
        const char* names;
    };
    const Row row = GENERATE(values<Row>({
        {"\"slot\": 7", "\"slots\": 7", "\"slot\" is missing"},
        {"\"slot\": 7", "\"slot\": 7, \"colour\": 1", "\"colour\" is not known"},
        {"\"slot\": 7", "\"slot\": -7", "\"slot\" is not a whole number"},
        {"\"slot\": 7", "\"slot\": 4294967296", "\"slot\" is not a whole number"},
        {"\"slot\": 7", "\"slot\": 7.5", "\"slot\" is not a whole number"},
        {"\"slot\": 7", "\"slot\": \"7\"", "\"slot\" is not a whole number"},
        {"\"ready\": true", "\"ready\": 1", "\"ready\" is not true or false"},
        {"\"podName\": \"weather\"", "\"podName\": null", "\"podName\" is not a string"},
        {"\"mode\": \"chained\"", "\"mode\": \"second\"", "\"mode\" is neither"},
        {"\"10.0.0.7\"", "\"10.0.0\"", "\"addresses\" contains"},
        {"\"10.0.0.7\"", "7", "\"addresses\" contains"},
        {"\"10.0.0.7\"", "\"10.0.0.1\", \"10.0.0.2\", \"10.0.0.3\", \"10.0.0.4\"", "\"addresses\" is not a list of at most 4"},
        {"02:ab:", "02-ab:", "\"mac\" is not an address"},
        {"02:ab:", "02:xb:", "\"mac\" is not an address"},
        {"\"tier\": \"\"", "\"tier\": {}", "\"cniLabels\" is not a string"},
        {"\"slot\": 7", "\"slot\": 7, \"containerdLabels\": {\"a\": 1}", "\"containerdLabels\" is not a string"},
        {"\"slot\": 7", "\"slot\": 7, \"labels\": {\"other\": 1}", "\"labels.other\" is not an object of strings"},
        {"\"slot\": 7", "\"slot\": 7, \"labels\": 1", "\"labels\" is not an object with at most 16 providers"},
        {"\"created\": 1700000000", "\"created\": 18446744073709551615", "\"created\" is not a whole number"},
    }));
    CAPTURE(row.to);
    const auto record = record_from_json(replaced(to_json(sample_record()), row.from, row.to));
    REQUIRE_FALSE(record);
    CHECK(record.error().code() == Code::kInvalidInput);
    CHECK(record.error().message().find(row.names) != std::string::npos);
}

TEST_CASE("a pod's annotations are kept within limits of number and bytes") {
    Labels given{{"long", std::string(endpoints::kMaxRecordText + 1, 'x')}, {"short", std::string(endpoints::kMaxRecordText, 'x')}};
    CHECK(keep_annotations(given) == Labels{{"short", given["short"]}});
    Labels many;
    for (std::size_t i = 0; i <= endpoints::kMaxRecordAnnotations; ++i) {
        many[std::to_string(i)] = "";
    }
    CHECK(keep_annotations(many).size() == endpoints::kMaxRecordAnnotations);
    Labels large;
    for (char c = 'a'; c <= 'z'; ++c) {
        large[std::string(1, c)] = std::string(endpoints::kMaxRecordText, '\n');
    }
    // The longest JSON form of them can be read again.
    Record record = sample_record();
    record.described["cni-args"].annotations = keep_annotations(large);
    CHECK(record.described["cni-args"].annotations.size() == endpoints::kMaxRecordAnnotationBytes / endpoints::kMaxRecordText - 1);
    CHECK(*record_from_json(to_json(record)) == record);
}

TEST_CASE("another version is refused before any other check") {
    const auto record = record_from_json("{\"version\": 2, \"id\": \"new style\"}");
    REQUIRE_FALSE(record);
    CHECK(record.error().code() == Code::kUnsupported);
    CHECK(record.error().message().find("version 2") != std::string::npos);
}

TEST_CASE("input that is not a JSON object is refused") {
    const std::string text = GENERATE("", "[]", "null", "{", "{\"version\": 1", "garbage", "{}");
    CHECK(record_from_json(text).error().code() == Code::kInvalidInput);
}

TEST_CASE("records have the fields that builds before other providers read, and no other ones") {
    Record record = sample_record();
    record.described = {{"cni-args", {Labels()}}, {"containerd", {Labels{{"app", "web"}}}}};
    const std::string text = to_json(record);
    CHECK(text.find("\"cniLabels\": {}") != std::string::npos);
    CHECK(text.find("\"cniLabelsGiven\": true") != std::string::npos);
    CHECK(text.find("\"containerdLabels\": {") != std::string::npos);
    CHECK(text.find("\"labels\"") == std::string::npos);
    CHECK(*record_from_json(text) == record);
    record.described.clear();
    CHECK(to_json(record).find("cniLabelsGiven") == std::string::npos);
    CHECK(*record_from_json(to_json(record)) == record);
    record.described["other"].labels = Labels{{"zone", "a"}};
    CHECK(*record_from_json(to_json(record)) == record);
}

TEST_CASE("what a source says besides labels is kept for that source") {
    Record record = sample_record();
    // Those of ADD have the field that earlier builds know, whether or not labels came with them.
    record.described["cni-args"].labels.reset();
    const std::string of_add = to_json(record);
    CHECK(of_add.find("\"annotations\": {") != std::string::npos);
    CHECK(of_add.find("\"described\"") == std::string::npos);
    CHECK(*record_from_json(of_add) == record);
    CHECK(record.labels_of("cni-args") == nullptr);

    record.described["other"] = {Labels{{"zone", "a"}}, {{"note", "b"}}, {{"http", 6, 8080}, {"dns", 17, 53}}};
    record.described["silent"] = {std::nullopt, {{"note", "c"}}};
    const std::string text = to_json(record);
    CHECK(*record_from_json(text) == record);
    // A later build may say more of an endpoint.
    CHECK(*record_from_json(replaced(text, "\"ports\": [", "\"added\": {\"x\": [1]},\n\"ports\": [")) == record);
    struct Row {
        const char* from;
        const char* to;
        const char* field;
    };
    for (const Row& row :
         {Row{"\"port\": 8080", "\"port\": 65536", "described.other.ports"}, Row{"\"name\": \"http\",", "", "described.other.ports"},
          Row{"\"note\": \"b\"", "\"note\": 1", "described.other.annotations"},
          Row{"\"silent\": {", "\"bad\": [], \"silent\": {", "described.bad"}}) {
        INFO(row.to);
        const auto wrong = record_from_json(replaced(text, row.from, row.to));
        REQUIRE_FALSE(wrong);
        CHECK(wrong.error().message().find("field \"" + std::string(row.field) + "\"") != std::string::npos);
    }
    record.described["other"].ports.resize(endpoints::kMaxRecordPorts + 1);
    CHECK(record_from_json(to_json(record)).error().code() == Code::kExhausted);
}

TEST_CASE("sizes are limited") {
    Record record = sample_record();
    record.netns = std::string(namegate::endpoints::kMaxRecordText + 1, 'n');
    CHECK(record_from_json(to_json(record)).error().code() == Code::kExhausted);
    record = sample_record();
    for (std::size_t i = 0; i < namegate::endpoints::kMaxRecordLabels; ++i) {
        (*record.described["cni-args"].labels)["key" + std::to_string(i)] = "";
    }
    CHECK(record_from_json(to_json(record)).error().code() == Code::kExhausted);
    CHECK(record_from_json(std::string(namegate::endpoints::kMaxRecordBytes + 1, ' ')).error().code() == Code::kExhausted);
}

TEST_CASE("bytes that are not UTF-8 do not stop a record from being written") {
    Record record = sample_record();
    record.netns = "/run/\xff\xfe";
    CHECK(record_from_json(to_json(record)));
}

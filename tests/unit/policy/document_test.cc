// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/document.h"

#include <catch2/catch.hpp>

namespace document_test {

using namespace namegate::policy;

namespace {

std::string first_problem(const std::string& path, std::string_view content) {
    const ParseOutcome outcome = parse_documents(path, content);
    return outcome.problems.empty() ? "" : to_string(outcome.problems.front());
}

}  // namespace

TEST_CASE("YAML: documents, places, quotes and types") {
    const ParseOutcome outcome = parse_documents("f.yaml", "a: 1\nb: '1'\n---\n# nothing\n---\n- x: [true, ~, 1.5, text]\n");
    REQUIRE(outcome.problems.empty());
    REQUIRE(outcome.documents.size() == 2);
    const Node& first = outcome.documents[0];
    CHECK(first.find("a")->scalar_type() == Node::ScalarType::kInteger);
    CHECK(first.find("b")->scalar_type() == Node::ScalarType::kText);
    CHECK(first.find("b")->line() == 2);
    CHECK(first.find("b")->column() == 4);
    CHECK(first.find("c") == nullptr);
    const Node& list = *outcome.documents[1].items()[0].find("x");
    CHECK(list.items()[0].scalar_type() == Node::ScalarType::kBool);
    CHECK(list.items()[1].is_null());
    CHECK(list.items()[2].scalar_type() == Node::ScalarType::kFloat);
    CHECK(list.items()[3].text() == "text");
}

TEST_CASE("YAML: plain scalars have the types that Kubernetes gives them, quoted ones are text") {
    using Type = Node::ScalarType;
    const std::pair<Type, std::vector<const char*>> rows[] = {
        {Type::kBool, {"true", "False", "YES", "no", "On", "off"}},
        {Type::kInteger, {"0", "-5", "+7", "0x1F", "0o17", "0b101", "1_000", "0777", "00"}},
        {Type::kFloat, {"1.5", "-.5", "1e3", "1.", "2.5e-3", ".inf", "-.INF", ".NaN"}},
        {Type::kText, {"1000:2000", "1.2.3.4", "10.0.0.0/8", "v1", "yess", "0x", "0o9", "0b2", "1-2", "e5", "_", "2001:db8::1", "_1"}},
    };
    for (const auto& [type, texts] : rows) {
        for (const char* text : texts) {
            INFO(text);
            const auto plain = parse_documents("f.yaml", std::string("a: ") + text + "\n");
            REQUIRE(plain.problems.empty());
            CHECK(plain.documents.at(0).find("a")->scalar_type() == type);
            for (const char* quote : {"'", "\""}) {
                const auto quoted = parse_documents("f.yaml", std::string("a: ") + quote + text + quote + "\n");
                CHECK(quoted.documents.at(0).find("a")->scalar_type() == Type::kText);
                CHECK(quoted.documents.at(0).find("a")->text() == text);
            }
        }
    }
    for (const char* nothing : {"~", "null", "Null", "NULL", ""}) {
        CHECK(parse_documents("f.yaml", std::string("a: ") + nothing + "\n").documents.at(0).find("a")->is_null());
    }
    CHECK(parse_documents("f.yaml", "a: |\n  5\nb: >-\n  true\n").documents.at(0).find("a")->scalar_type() == Type::kText);
}

TEST_CASE("YAML: refused input, with its place") {
    CHECK_THAT(first_problem("f.yaml", "a:\n\tb: 1\n"), Catch::StartsWith("f.yaml:2:1: error: a tab"));
    CHECK_THAT(first_problem("f.yaml", "a:\n  - b: 1\n  \tc: 2\n"), Catch::StartsWith("f.yaml:3:3: error: a tab"));
    CHECK_THAT(first_problem("f.yaml", "a:\n-\tb\n"), Catch::StartsWith("f.yaml:2:2: error: a tab"));
    CHECK(first_problem("f.yaml", "a: [1,\n\t2]\nb:\tc\n").empty());
    CHECK_THAT(first_problem("f.yaml", "a: 1\na: 2\n"), Catch::StartsWith("f.yaml:2:1: error:") && Catch::Contains("twice"));
    CHECK_THAT(first_problem("f.yaml", "a: !!binary x\n"), Catch::Contains("tag"));
    CHECK_THAT(first_problem("f.yaml", "a: [1\n"), Catch::Contains("not valid YAML"));
    CHECK_THAT(first_problem("f.yaml", "a:\n  b: 1\n - Egress\n"), Catch::StartsWith("f.yaml:3:2") && Catch::Contains("types:"));
}

TEST_CASE("YAML: anchors are expanded within the limits") {
    const ParseOutcome good = parse_documents("f.yaml", "a: &x [1, 2]\nb: *x\n");
    REQUIRE(good.problems.empty());
    CHECK(good.documents[0].find("b")->items().size() == 2);
    CHECK_THAT(first_problem("f.yaml", "a: &x [*x]\n"), Catch::Contains("anchor"));
    std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 10; ++i) {
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int j = 0; j < 10; ++j) {
            bomb += (j == 0 ? "*a" : ",*a") + std::to_string(i - 1);
        }
        bomb += "]\n";
    }
    CHECK_THAT(first_problem("f.yaml", bomb), Catch::Contains("aliases expanded"));
}

namespace {

// "a=1 b=2", in order, of the map under `key`.
std::string fields(const ParseOutcome& outcome, const char* key) {
    REQUIRE(outcome.problems.empty());
    const Node* map = outcome.documents.at(0).find(key);
    REQUIRE(map != nullptr);
    std::string out;
    for (const MapEntry& entry : map->entries()) {
        out += (out.empty() ? "" : " ") + entry.key + "=" + entry.value.text();
    }
    return out;
}

}  // namespace

TEST_CASE("YAML: merge keys: the map's own fields first, then those of the first map") {
    const std::string base = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\n";
    CHECK(fields(parse_documents("f.yaml", base + "z: {<<: *x, b: 3}\n"), "z") == "b=3 a=1");
    CHECK(fields(parse_documents("f.yaml", base + "z: {b: 3, <<: *x}\n"), "z") == "b=3 a=1");
    CHECK(fields(parse_documents("f.yaml", base + "z:\n  <<: [*x, *y]\n"), "z") == "a=1 b=1 c=2");
    CHECK(fields(parse_documents("f.yaml", base + "z:\n  <<: [*y, *x]\n  d: 4\n"), "z") == "d=4 b=2 c=2 a=1");
    CHECK(fields(parse_documents("f.yaml", base + "z: {<<: {a: 5}}\n"), "z") == "a=5");
    // Merged fields can be merged again.
    CHECK(fields(parse_documents("f.yaml", base + "z: &z {<<: *x}\nw: {<<: *z, b: 9}\n"), "w") == "b=9 a=1");
    // In quotes it is an ordinary field, and so it is in JSON.
    CHECK(fields(parse_documents("f.yaml", base + "z: {'<<': text}\n"), "z") == "<<=text");
    CHECK(fields(parse_documents("f.json", R"({"z": {"<<": "text"}})"), "z") == "<<=text");
    // A merged field has the place where it is written.
    CHECK(parse_documents("f.yaml", base + "z: {<<: *x}\n").documents[0].find("z")->find("b")->line() == 1);
}

TEST_CASE("YAML: refused merge keys, with their place") {
    CHECK_THAT(first_problem("f.yaml", "a:\n  <<: 5\n"),
               Catch::StartsWith("f.yaml:2:7: error: a merge key") && Catch::Contains("number 5"));
    CHECK_THAT(first_problem("f.yaml", "a:\n  <<:\n"), Catch::Contains("a merge key"));
    CHECK_THAT(first_problem("f.yaml", "a:\n  <<: [{b: 1}, c]\n"), Catch::StartsWith("f.yaml:2:16: error: a merge key"));
    CHECK_THAT(first_problem("f.yaml", "a: {<<: {b: 1}, <<: {c: 1}}\n"), Catch::Contains("twice"));
    CHECK_THAT(first_problem("f.yaml", "a: &x {<<: *x}\n"), Catch::Contains("inside its own anchor"));
    // Merged values count towards the limit, though most of them are hidden behind the same field.
    std::string many = "a: &a {list: [";
    many.append(2 * 1000, '1');
    for (int i = 0; i < 1000; ++i) {
        many += ",1";
    }
    many += "]}\nb:\n";
    for (int i = 0; i < 1000; ++i) {
        many += "- {<<: *a, list: []}\n";
    }
    CHECK_THAT(first_problem("f.yaml", many), Catch::Contains("aliases expanded"));
}

TEST_CASE("size and depth are bounded in both forms") {
    CHECK_THAT(first_problem("f.yaml", std::string(kMaxPolicyFileBytes + 1, ' ')), Catch::Contains("bytes"));
    for (const char* name : {"f.yaml", "f.json"}) {
        const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
        CHECK(first_problem(name, nested(kMaxDocumentDepth)).empty());
        CHECK_THAT(first_problem(name, nested(kMaxDocumentDepth + 1)), Catch::Contains("levels"));
        CHECK_FALSE(first_problem(name, std::string(100'000, '[')).empty());
    }
    for (const char* bracket : {"[", "{", "{a: ", "[{"}) {
        std::string open;
        while (open.size() + 4 <= kMaxPolicyFileBytes) {
            open += bracket;
        }
        CHECK_THAT(first_problem("f.yaml", open), Catch::Contains("brackets are open here"));
    }
    std::string closed = "a:\n";
    for (int i = 0; i < 20'000; ++i) {
        closed += "- [{}]\n";
    }
    CHECK(first_problem("f.yaml", closed).empty());
}

TEST_CASE("JSON: the same tree") {
    const ParseOutcome outcome = parse_documents("f.json", "{\n\t\"a\": [1, -2.5e3, \"1\", true, null],\n\t\"b\\u00e9\\n\": {} }\n");
    REQUIRE(outcome.problems.empty());
    const Node& root = outcome.documents.at(0);
    const Node& list = *root.find("a");
    CHECK(list.line() == 2);
    CHECK(list.column() == 7);
    CHECK(list.items()[0].scalar_type() == Node::ScalarType::kInteger);
    CHECK(list.items()[1].scalar_type() == Node::ScalarType::kFloat);
    CHECK(list.items()[2].scalar_type() == Node::ScalarType::kText);
    CHECK(list.items()[3].scalar_type() == Node::ScalarType::kBool);
    CHECK(list.items()[4].is_null());
    CHECK(root.find("b\xc3\xa9\n")->is_map());
    CHECK(parse_documents("f.json", R"("\ud83d\ude00")").documents.at(0).text() == "\xf0\x9f\x98\x80");
}

TEST_CASE("JSON: what YAML accepts and JSON does not is refused") {
    for (const char* text : {"{a: 1}",
                             "{'a': 1}",
                             "{\"a\": 1,}",
                             "[1,]",
                             "{\"a\": 1} # c",
                             "[01]",
                             "[.5]",
                             "[1.]",
                             "[+1]",
                             "[tru]",
                             "{\"a\"}",
                             "{\"a\": 1",
                             "\"\\x\"",
                             "\"a\nb\"",
                             "[1 2]",
                             "{\"a\": 1, \"a\": 2}",
                             "{} {}",
                             "---\n{}",
                             "\"\\ud800\"",
                             "[",
                             "{",
                             "// c"}) {
        INFO(text);
        CHECK_FALSE(first_problem("f.json", text).empty());
    }
    CHECK_THAT(first_problem("f.json", "{\"a\": 1,\n }"),
               Catch::StartsWith("f.json:2:2: error: not valid JSON: there is a comma before the closing bracket"));
    CHECK(first_problem("f.json", "  ").empty());
    CHECK(first_problem("f.json", "").empty());
}

TEST_CASE("JSON: bytes that are not UTF-8 are refused") {
    using namespace std::string_literals;
    for (const std::string& text : {"{\"a\": \"\xff\"}"s, "{\"\xc3\": 1}"s, "[\"\xed\xa0\x80\"]"s, "[\"\xc0\xaf\"]"s, "\xef\xbb\xbf{}"s,
                                    "{}\0"s, "{}\0{}"s, "[\"a\0b\"]"s, "\0"s, "[1e999]"s}) {
        INFO(text);
        CHECK_THAT(first_problem("f.json", text), Catch::Contains("not valid JSON: "));
    }
}

TEST_CASE("JSON: the place and the message of a problem") {
    struct Case {
        const char* text;
        const char* problem;
    };
    const Case cases[] = {
        {"[\n1 22]", "f.json:2:3: error: not valid JSON: syntax error while parsing array - unexpected number literal; expected ']'"},
        {"{\"a\":\n\n", "f.json:3:1: error: not valid JSON: syntax error while parsing value - unexpected end of input"},
        {"{\"a\" \"bc\"}", "f.json:1:6: error: not valid JSON: syntax error while parsing object separator - unexpected string literal"},
        {"[\"\\x\"]", "f.json:1:4: error: not valid JSON: syntax error while parsing value - invalid string: forbidden character after"},
        {"{} \n []", "f.json:2:2: error: not valid JSON: the file continues after its JSON value; write one value"},
        {"[1\n false]", "f.json:2:2: error: not valid JSON: syntax error while parsing array - unexpected false literal"},
        {"[1\n,,2]", "f.json:2:2: error: not valid JSON: syntax error while parsing value - unexpected ','"},
        {"{\n// c\n}", "f.json:2:1: error: not valid JSON: JSON has no comments"},
        {"{\"a\": 1} # c", "f.json:1:10: error: not valid JSON: JSON has no comments"},
        {"{'a': 1}", "f.json:1:2: error: not valid JSON: text must be in double quotes"},
    };
    for (const Case& each : cases) {
        INFO(each.text);
        CHECK_THAT(first_problem("f.json", each.text), Catch::StartsWith(each.problem));
    }
    // Commas and colons inside a text are part of it.
    const ParseOutcome outcome = parse_documents("f.json", "{\"a,:\\\"\\\\\": [ \"b\" ,\n -0 , 18446744073709551617,1E+2]}");
    REQUIRE(outcome.problems.empty());
    const Node& list = *outcome.documents.at(0).find("a,:\"\\");
    CHECK(list.column() == 13);
    CHECK(list.items().at(0).column() == 15);
    CHECK((list.items().at(1).line() == 2 && list.items().at(1).column() == 2 && list.items().at(1).text() == "-0"));
    CHECK((list.items().at(2).column() == 7 && list.items().at(2).text() == "18446744073709551617"));
    CHECK((list.items().at(3).column() == 28 && list.items().at(3).text() == "1E+2"));
}

TEST_CASE("a broken text of which the parser makes endless documents is refused at once") {
    for (const char* text : {",:d\xfaw{K8", ", a", "---\n, b"}) {
        const auto outcome = namegate::policy::parse_documents("policy.yaml", text);
        INFO(text);
        REQUIRE_FALSE(outcome.problems.empty());
        CHECK_THAT(outcome.problems.front().message, Catch::Contains("not valid YAML"));
    }
    CHECK(namegate::policy::parse_documents("policy.yaml", "---\n---\n---\na: b\n---\n").problems.empty());
}

}  // namespace document_test

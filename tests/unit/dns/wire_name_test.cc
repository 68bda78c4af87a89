// SPDX-License-Identifier: Apache-2.0
#include "dns/wire_name.h"

#include <catch2/catch.hpp>
#include <string>

#include "policy/model/domain_pattern.h"
#include "support/dns_message.h"
#include "support/written_names.h"

using namegate::Code;
using namegate::dns::text_to_wire;
using namegate::dns::wire_to_text;
using namegate::test::dns_wire_name;

namespace {

std::string wire(std::string_view text) {
    const auto bytes = dns_wire_name(text);
    return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("names become canonical text: lower case, no trailing dot, unusual bytes as decimal escapes") {
    struct Row {
        const char* name;
        const char* text;
    };
    const Row row = GENERATE(values<Row>({{"", ""},
                                          {"com", "com"},
                                          {"WwW.ExAmPlE.CoM", "www.example.com"},
                                          {"_sip._tcp.example.com", "_sip._tcp.example.com"},
                                          {"a\\046b.example.com", "a\\046b.example.com"},
                                          {"a\\092b.com", "a\\092b.com"},
                                          {"a\\000b\\255 c.com", "a\\000b\\255\\032c.com"},
                                          {"*.example.com", "*.example.com"}}));
    CAPTURE(row.name);
    CHECK(*wire_to_text(wire(row.name)) == row.text);
    const std::string back = *text_to_wire(row.text);
    CHECK(*wire_to_text(back) == row.text);
}

TEST_CASE("D7: a dot inside a label is never a label boundary") {
    const std::string odd = *wire_to_text(wire("evil\\046example.com"));
    const auto exact = namegate::policy::DomainPattern::parse("evil.example.com");
    const auto wild = namegate::policy::DomainPattern::parse("*.example.com");
    REQUIRE((exact && wild));
    CHECK_FALSE(exact->matches(odd));
    CHECK_FALSE(wild->matches(odd));
    CHECK(wild->matches(*wire_to_text(wire("ev\\046il.example.com"))));
    CHECK(namegate::dns::text_labels(odd).size() == 2);
    CHECK(*text_to_wire("evil\\.example.com") == *text_to_wire("evil\\046example.com"));
    CHECK(*text_to_wire("evil\\.example.com") != *text_to_wire("evil.example.com"));
}

TEST_CASE("text to wire accepts any case and a trailing dot, and obeys the limits") {
    CHECK(*text_to_wire("WWW.Example.COM.") == wire("www.example.com"));
    CHECK(*text_to_wire(".") == std::string(1, '\0'));
    const std::string label63(63, 'a');
    CHECK(text_to_wire(label63 + ".com"));
    CHECK(text_to_wire(label63 + "a.com").error().code() == Code::kExhausted);
    const std::string longest = label63 + "." + label63 + "." + label63 + "." + std::string(61, 'b');
    REQUIRE(longest.size() == 253);
    CHECK(text_to_wire(longest)->size() == namegate::dns::kMaxNameBytes);
    CHECK(*wire_to_text(*text_to_wire(longest)) == longest);
    CHECK(text_to_wire(longest + "b").error().code() == Code::kExhausted);
}

TEST_CASE("malformed names are refused with a reason") {
    const std::string text = GENERATE("a..b", ".a", "a\\", "a\\25", "a\\2x5", "a\\256");
    CAPTURE(text);
    CHECK(text_to_wire(text).error().code() == Code::kInvalidInput);
    using namespace std::string_literals;
    const std::string bad = GENERATE(""s, "\3www"s, "\5www\0"s, "\0\0"s, "\1a\0\1b\0"s, "\300\014"s);
    CHECK(wire_to_text(bad).error().code() == Code::kInvalidInput);
    CHECK(wire_to_text(std::string(256, '\1')).error().code() == Code::kExhausted);
}

TEST_CASE("D7: names as people write them match names from the wire") {
    for (const namegate::test::WrittenName& one : namegate::test::kWrittenNames) {
        INFO(one.pattern << " against " << one.asked);
        const auto pattern = namegate::policy::DomainPattern::parse(one.pattern);
        REQUIRE(pattern);
        const auto bytes = namegate::test::dns_wire_name(one.asked);
        const auto name = namegate::dns::wire_to_text({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        REQUIRE(name);
        CHECK(pattern->matches(*name) == one.matches);
    }
}

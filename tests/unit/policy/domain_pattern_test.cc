// SPDX-License-Identifier: Apache-2.0
#include "policy/model/domain_pattern.h"

#include <catch2/catch.hpp>

using namegate::policy::DomainPattern;
using namegate::policy::normalise_name;

namespace {

bool matches(const char* pattern, const char* name) {
    const auto parsed = DomainPattern::parse(pattern);
    REQUIRE(parsed.has_value());
    return parsed->matches(name);
}

}  // namespace

TEST_CASE("D5: without a wildcard only the exact name matches") {
    CHECK(matches("google.com", "google.com"));
    CHECK_FALSE(matches("google.com", "www.google.com"));
    CHECK_FALSE(matches("www.google.com", "google.com"));
}

TEST_CASE("D6: a wildcard stands for one or more whole labels") {
    CHECK(matches("*.google.com", "www.google.com"));
    CHECK(matches("*.google.com", "www.ipv6.google.com"));
    CHECK_FALSE(matches("*.google.com", "google.com"));
    CHECK_FALSE(matches("*.google.com", ".google.com"));
    CHECK_FALSE(matches("*.google.com", "wwwgoogle.com"));
    CHECK(matches("update.*.example.com", "update.a.example.com"));
    CHECK(matches("update.*.example.com", "update.a.b.example.com"));
    CHECK_FALSE(matches("update.*.example.com", "update.example.com"));
    CHECK_FALSE(matches("update.*.example.com", "update..example.com"));
    CHECK_FALSE(matches("update.*.example.com", "xupdate.a.example.com"));
    CHECK(matches("www.*.com", "www.sun.com"));
    CHECK_FALSE(matches("www.*.com", "www.com"));
}

TEST_CASE("D6: text that is not a pattern is refused with a reason") {
    const std::pair<const char*, const char*> cases[] = {
        {"*.*.com", "more than one wildcard"},
        {"www.g*.com", "whole labels"},
        {"www.example.*", "last label"},
        {"*", "bare"},
        {"", "empty"},
        {"a..b", "empty label"},
        {".example.com", "empty label"},
        {"https://example.com/endpoint", "write the name alone, \"example.com\""},
        {"example.com/endpoint", "write the name alone, \"example.com\""},
        {"example.com:443", "the port in ports"},
        {"exa mple.com", "space"},
        {"1.2.3.4", "nets"},
        {"-a.com", "'-'"},
        {"\xcd\x8f", "ignored in names"},
        {"a.\xcd\x8f.com", "ignored in names"},
    };
    for (const auto& [text, part] : cases) {
        const auto parsed = DomainPattern::parse(text);
        REQUIRE_FALSE(parsed.has_value());
        CHECK_THAT(parsed.error().message(), Catch::Contains(part));
    }
    CHECK_FALSE(DomainPattern::parse(std::string(64, 'a') + ".com").has_value());
    CHECK(DomainPattern::parse(std::string(63, 'a') + ".com").has_value());
    std::string longest;
    for (int i = 0; i < 126; ++i) {
        longest += "a.";
    }
    CHECK(DomainPattern::parse(longest + "b").has_value());
    CHECK(DomainPattern::parse(longest + "b.").has_value());
    CHECK_FALSE(DomainPattern::parse(longest + "bb").has_value());
    CHECK_FALSE(DomainPattern::parse(std::string_view("a\0\xc3\xbc.com", 8)).has_value());
}

TEST_CASE("D7: whole labels, any case, a trailing dot, Unicode") {
    for (const char* name : {"evilexample.com", "www.example.com", "example.com.evil.org", "example.comx", "xexample.com", "com", ""}) {
        CHECK_FALSE(matches("example.com", name));
    }
    CHECK_FALSE(matches("evilexample.com", "example.com"));
    CHECK_FALSE(matches("*.example.com", "www.evilexample.com"));
    CHECK_FALSE(matches("*.example.com", "www.example.com.evil.org"));
    CHECK(matches("Example.COM.", "eXample.com."));
    CHECK(DomainPattern::parse("Example.COM.")->text() == "example.com");
    CHECK(DomainPattern::parse("*.B\xc3\xbc"
                               "cher.example")
              ->text() == "*.xn--bcher-kva.example");
    CHECK(DomainPattern::parse("_dmarc.example.com")->text() == "_dmarc.example.com");
    CHECK(*normalise_name("WWW.Example.") == "www.example");
    CHECK_FALSE(normalise_name("*.example").has_value());
}

TEST_CASE("a pattern returns its labels") {
    const DomainPattern middle = *DomainPattern::parse("a.b.*.c.d");
    CHECK(middle.kind() == DomainPattern::Kind::kMiddle);
    CHECK(middle.prefix_labels() == std::vector<std::string>{"a", "b"});
    CHECK(middle.suffix_labels() == std::vector<std::string>{"c", "d"});
    const DomainPattern exact = *DomainPattern::parse("c.d");
    CHECK(exact.kind() == DomainPattern::Kind::kExact);
    CHECK(exact.suffix_labels() == std::vector<std::string>{"c", "d"});
    CHECK(DomainPattern::parse("*.c.d")->kind() == DomainPattern::Kind::kWildcard);
}

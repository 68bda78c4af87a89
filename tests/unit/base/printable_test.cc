// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <catch2/catch.hpp>

using namespace namegate;
using namespace std::string_literals;

TEST_CASE("characters that a terminal would act on are escaped") {
    CHECK(printable("plain text, \\n, ü, 日本") == "plain text, \\n, ü, 日本");
    CHECK(printable("a\nb\tc\r") == "a\\nb\\tc\\r");
    CHECK(printable("\033[2Jx\a\x7f\0"s) == "\\x1b[2Jx\\x07\\x7f\\x00");
    CHECK(printable("\xc2\x9b"
                    "31m") == "\\u009b31m");  // C1: another way to write ESC [
    CHECK(printable("\xe2\x80\xae"
                    "cod") == "\\u202ecod");                                  // right to left override
    CHECK(printable("\xf3\xa0\x81\x81") == "\\U000e0041");                    // invisible tag
    CHECK(printable("\xff\xc3") == "\\xff\\xc3");                             // not UTF-8
    CHECK(printable("\xc0\x80\xed\xa0\x80") == "\\xc0\\x80\\xed\\xa0\\x80");  // overlong, surrogate
    CHECK(printable("").empty());
}

TEST_CASE("a JSON string escapes the same characters in JSON's form") {
    CHECK(json_string("plain, ü \"\\") == "\"plain, ü \\\"\\\\\"");
    CHECK(json_string("\n\x1b\x7f") == "\"\\u000a\\u001b\\u007f\"");
    CHECK(json_string("\xc2\x9b") == "\"\\u009b\"");
    CHECK(json_string("\xf3\xa0\x81\x81") == "\"\\udb40\\udc41\"");
    CHECK(json_string("\xff") == "\"\\\\xff\"");
    CHECK(json_string("") == "\"\"");
}

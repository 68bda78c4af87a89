// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <sstream>

#include "ctl/printable.h"
#include "ctl/table.h"

using namespace namegate::ctl;
using namespace std::string_literals;

TEST_CASE("what a terminal would act on is escaped") {
    CHECK(printable("plain text, \\n, ü, 日本") == "plain text, \\n, ü, 日本");
    CHECK(printable("a\nb\tc\r") == "a\\nb\\tc\\r");
    CHECK(printable("\033[2Jx\a\x7f\0"s) == "\\x1b[2Jx\\x07\\x7f\\x00");
    CHECK(printable("\xc2\x9b"
                    "31m") == "\\u009b31m");  // C1: another way to write ESC [
    CHECK(printable("\xe2\x80\xae"
                    "cod") == "\\u202ecod");                                  // right to left override
    CHECK(printable("\xf3\xa0\x81\x81") == "\\U000e0041");                    // invisible tag
    CHECK(printable("\xff\xc3") == "\\xff\\xc3");                             // no UTF-8
    CHECK(printable("\xc0\x80\xed\xa0\x80") == "\\xc0\\x80\\xed\\xa0\\x80");  // overlong, surrogate
    CHECK(printable("").empty());
}

TEST_CASE("durations") {
    CHECK(duration_text(0) == "0s");
    CHECK(duration_text(59) == "59s");
    CHECK(duration_text(60) == "1m");
    CHECK(duration_text(312) == "5m12s");
    CHECK(duration_text(3600) == "1h");
    CHECK(duration_text(3 * 86400 + 4 * 3600 + 59) == "3d4h");
}

TEST_CASE("tables are aligned, printable, and end their lines at the last cell") {
    Table table({"NAME", "B", "LAST"});
    CHECK(table.empty());
    table.add({"größer", "", "x"});
    table.add({"a\033b"});
    std::ostringstream out;
    table.print(out);
    CHECK(out.str() ==
          "NAME    B  LAST\n"
          "größer  -  x\n"
          "a\\x1bb  -  -\n");
    CHECK_FALSE(table.empty());
}

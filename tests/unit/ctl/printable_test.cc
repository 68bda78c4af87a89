// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <sstream>

#include "ctl/printable.h"
#include "ctl/table.h"

using namespace namegate::ctl;

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
    table.print(out, 0);
    CHECK(out.str() ==
          "NAME    B  LAST\n"
          "größer  -  x\n"
          "a\\x1bb  -  -\n");
    CHECK_FALSE(table.empty());
}

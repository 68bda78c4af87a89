// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/work_budget.h"

#include <catch2/catch.hpp>

#include "support/manual_clock.h"

namespace namegate::test {
namespace {

TEST_CASE("a limited amount of work in each span of time") {
    ManualClock clock;
    clock.advance_seconds(100);
    daemon::WorkBudget budget(clock, 1'000'000'000, 10);
    CHECK(budget.take(4));
    CHECK_FALSE(budget.take(7));
    CHECK(budget.take(6));
    CHECK_FALSE(budget.take(1));
    clock.advance_seconds(1);
    CHECK_FALSE(budget.take(11));
    CHECK(budget.take(10));
    CHECK_FALSE(budget.take(1));
}

}  // namespace
}  // namespace namegate::test

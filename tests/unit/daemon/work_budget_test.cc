// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/work_budget.h"

#include <catch2/catch.hpp>

#include "support/manual_clock.h"

namespace namegate::test {
namespace {

TEST_CASE("the amount of work in each span of time is limited") {
    ManualClock clock;
    clock.advance_seconds(100);
    daemon::WorkBudget budget(clock, 1'000'000'000, 10);
    CHECK(budget.try_spend(4));
    CHECK_FALSE(budget.try_spend(7));
    CHECK(budget.try_spend(6));
    CHECK_FALSE(budget.try_spend(1));
    clock.advance_seconds(1);
    CHECK_FALSE(budget.try_spend(11));
    CHECK(budget.try_spend(10));
    CHECK_FALSE(budget.try_spend(1));
}

}  // namespace
}  // namespace namegate::test

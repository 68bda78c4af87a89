// SPDX-License-Identifier: Apache-2.0
#include "base/shared_text.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>

using namegate::SharedText;

TEST_CASE("copies of a text share it, and each outlives the others") {
    SharedText copy;
    CHECK(copy.view().empty());
    {
        const SharedText text(std::string(1000, 'x'));
        copy = text;
        CHECK(copy.view().data() == text.view().data());
        CHECK(copy == text);
    }
    CHECK(copy.view() == std::string(1000, 'x'));
    SharedText moved(std::move(copy));
    const SharedText& same = moved;
    moved = same;
    CHECK(moved.view().size() == 1000);
    moved = SharedText("b");
    CHECK(moved == SharedText("b"));
    CHECK(moved < SharedText("c"));
    CHECK(SharedText() < moved);
    CHECK(SharedText("") == SharedText());
}

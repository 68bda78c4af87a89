// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <catch2/catch.hpp>

#include <cerrno>

#include "base/cleanup.h"

using namegate::Code;
using namegate::Error;
using namegate::Result;

namespace {

Result<int> half(int number) {
    if (number % 2 != 0) {
        return Error(Code::kInvalidInput, "odd");
    }
    return number / 2;
}

Result<int> quarter(int number) {
    NG_ASSIGN(const int first, half(number));
    NG_ASSIGN(const int second, half(first));
    return second;
}

}  // namespace

TEST_CASE("NG_ASSIGN passes on values and errors") {
    CHECK(*quarter(8) == 2);
    const auto failed = quarter(6);
    REQUIRE_FALSE(failed.has_value());
    CHECK(failed.error().message() == "odd");
}

TEST_CASE("an error keeps its code and errno through contexts") {
    const Error error = namegate::sys_error("open x", ENOENT).with_context("load");
    CHECK(error.code() == Code::kNotFound);
    CHECK(error.sys_errno() == ENOENT);
    CHECK(error.message() == "load: open x: No such file or directory");
}

TEST_CASE("undo steps run in reverse unless dismissed") {
    std::string trace;
    {
        namegate::UndoStack undo;
        undo.push([&] { trace += "1"; });
        undo.push([&] { trace += "2"; });
    }
    CHECK(trace == "21");
    {
        namegate::UndoStack undo;
        undo.push([&] { trace += "3"; });
        undo.dismiss();
    }
    CHECK(trace == "21");
}

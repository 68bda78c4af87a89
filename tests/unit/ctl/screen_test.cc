// SPDX-License-Identifier: Apache-2.0
#include "ctl/screen.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/child_process.h"

using namespace namegate;

namespace {

// The columns that a process with this stdout sees.
int columns_on(int out, const char* variable) {
    const auto child = start_child([out, variable] {
        ::dup2(out, STDOUT_FILENO);
        ::unsetenv("LINES");
        variable == nullptr ? ::unsetenv("COLUMNS") : ::setenv("COLUMNS", variable, 1);
        return static_cast<int>(ctl::screen_of_stdout().columns);
    });
    REQUIRE(child);
    return wait_for_child(*child);
}

}  // namespace

TEST_CASE("the width is COLUMNS, or else the terminal's; a pipe has none") {
    const Fd terminal(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(terminal.valid());
    REQUIRE(::grantpt(terminal.get()) == 0);
    REQUIRE(::unlockpt(terminal.get()) == 0);
    const Fd end(::open(::ptsname(terminal.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(end.valid());
    const winsize size{24, 97, 0, 0};
    REQUIRE(::ioctl(end.get(), TIOCSWINSZ, &size) == 0);
    CHECK(columns_on(end.get(), nullptr) == 97);
    CHECK(columns_on(end.get(), "60") == 60);
    CHECK(columns_on(end.get(), "wide") == 97);
    CHECK(columns_on(end.get(), "0") == 97);
    const auto pipe = make_pipe();
    REQUIRE(pipe);
    CHECK(columns_on(pipe->writer.get(), nullptr) == 0);
    CHECK(columns_on(pipe->writer.get(), "60") == 0);
}

// SPDX-License-Identifier: Apache-2.0
//
// The warnings of `status` for the page. Every interface is looked at for them, so a child process makes them, and the page has the last
// ones meanwhile: none at first. A child that fails leaves the last ones. Owns the child and its channel. One thread: that of the event
// loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "daemon/loop/event_loop.h"
#include "daemon/socket/reply_children.h"

namespace namegate::daemon {

inline constexpr std::uint64_t kWarningsKeptNs = 30'000'000'000;
inline constexpr std::size_t kMaxWarningBytes = 64 * 1024;  // of all; further ones are left out

class PageWarnings {
  public:
    using Make = std::function<std::vector<std::string>()>;

    // `make` runs in the child. Loop and clock outlive this object.
    static Result<std::unique_ptr<PageWarnings>> create(EventLoop& loop, const Clock& clock, Make make);

    // Begins to make them anew if the last ones are older than kWarningsKeptNs.
    void refresh();
    const std::vector<std::string>& lines() const { return lines_; }

  private:
    PageWarnings(const Clock& clock, Make make) : clock_(clock), make_(std::move(make)) {}
    Result<> start();
    void take(bool whole);

    const Clock& clock_;
    Make make_;
    std::vector<std::string> lines_;
    std::uint64_t asked_boot_ns_ = 0;  // 0: never
    Fd reading_;                       // valid: a child works
    Fd writing_;
    std::unique_ptr<ReplyChildren> children_;
};

}  // namespace namegate::daemon

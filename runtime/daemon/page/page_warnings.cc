// SPDX-License-Identifier: Apache-2.0
#include "daemon/page/page_warnings.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/log.h"

namespace namegate::daemon {

namespace {

// Each line ends with a zero, which no line has.
std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines) {
        if (out.size() + line.size() >= kMaxWarningBytes) {
            break;
        }
        out += line;
        out += '\0';
    }
    return out;
}

std::vector<std::string> separated(const std::string& text) {
    std::vector<std::string> out;
    std::size_t begin = 0;
    for (std::size_t end = text.find('\0'); end != std::string::npos; end = text.find('\0', begin)) {
        out.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return out;
}

std::string read_waiting(int descriptor) {
    std::string out;
    std::array<char, 4096> part{};
    while (out.size() < kMaxWarningBytes) {
        const ssize_t got = ::recv(descriptor, part.data(), part.size(), MSG_DONTWAIT);
        if (got > 0) {
            out.append(part.data(), static_cast<std::size_t>(got));
        } else if (got == 0 || errno != EINTR) {
            break;
        }
    }
    return out;
}

}  // namespace

Result<std::unique_ptr<PageWarnings>> PageWarnings::create(EventLoop& loop, const Clock& clock, Make make) {
    std::unique_ptr<PageWarnings> out(new PageWarnings(clock, std::move(make)));
    NG_ASSIGN(out->children_, ReplyChildren::create(loop));
    return out;
}

void PageWarnings::refresh() {
    const std::uint64_t now = clock_.boot_ns();
    if (reading_.valid() || (asked_boot_ns_ != 0 && now - asked_boot_ns_ < kWarningsKeptNs)) {
        return;
    }
    asked_boot_ns_ = now;
    if (const auto started = start(); !started) {
        log::error("the warnings for the page", {log::kv("error", started.error().message())});
    }
}

// What the child writes fits into the socket's buffer.
Result<> PageWarnings::start() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
        return sys_error("socketpair", errno);
    }
    reading_.reset(ends[0]);
    writing_.reset(ends[1]);
    children_->add({[this] { return writing_.get(); }, [this] { return joined(make_()); }, [this](bool whole) { take(whole); }});
    return ok();
}

void PageWarnings::take(bool whole) {
    writing_.reset();
    if (whole) {
        lines_ = separated(read_waiting(reading_.get()));
    }
    reading_.reset();
}

}  // namespace namegate::daemon

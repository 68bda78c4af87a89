// SPDX-License-Identifier: Apache-2.0
#include "base/grace_period.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace namegate {

namespace {

// Returns the value without the newline; empty if it cannot be read.
std::string read_switch(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 16> text{};
    const ssize_t got = fd.valid() ? ::read(fd.get(), text.data(), text.size()) : 0;
    const std::string_view value(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    return std::string(value.substr(0, value.find('\n')));
}

bool write_switch(const std::string& path, std::string_view value) {
    const Fd fd(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
    return fd.valid() && ::write(fd.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

}  // namespace

ShortGracePeriods::ShortGracePeriods(const std::string& lock_path, std::string switch_path) : switch_path_(std::move(switch_path)) {
    Fd lock(::open(lock_path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
    // Only a user that is resetting the switch holds the lock exclusively, and only briefly.
    if (!lock.valid() || ::flock(lock.get(), LOCK_SH) != 0) {
        return;
    }
    if (read_switch(switch_path_) == "0" && !write_switch(switch_path_, kOurs)) {
        return;
    }
    lock_ = std::move(lock);
}

ShortGracePeriods::~ShortGracePeriods() {
    // If the exclusive lock is refused, there is another user.
    if (lock_.valid() && ::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0 && read_switch(switch_path_) == kOurs) {
        static_cast<void>(write_switch(switch_path_, "0"));
    }
}

}  // namespace namegate

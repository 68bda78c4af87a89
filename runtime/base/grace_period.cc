// SPDX-License-Identifier: Apache-2.0
#include "base/grace_period.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace namegate {

namespace {

char read_switch(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    char value = 0;
    return fd.valid() && ::read(fd.get(), &value, 1) == 1 ? value : '\0';
}

bool write_switch(const std::string& path, char value) {
    const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    return fd.valid() && ::write(fd.get(), &value, 1) == 1;
}

// The mark is a byte in the lock's file.
bool is_marked(int lock) {
    struct stat about {};
    return ::fstat(lock, &about) == 0 && about.st_size > 0;
}
bool set_mark(int lock) { return ::pwrite(lock, "1", 1, 0) == 1; }
bool clear_mark(int lock) { return ::ftruncate(lock, 0) == 0; }

}  // namespace

ShortGracePeriods::ShortGracePeriods(const std::string& lock_path, std::string switch_path) : switch_path_(std::move(switch_path)) {
    Fd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    // Held exclusively only by who is just setting the switch back.
    if (!lock.valid() || ::flock(lock.get(), LOCK_SH) != 0) {
        return;
    }
    // The mark first: without it a setting of ours would stay for good if we died here.
    if (read_switch(switch_path_) == '0' && (!set_mark(lock.get()) || !write_switch(switch_path_, '1'))) {
        return;
    }
    lock_ = std::move(lock);
}

ShortGracePeriods::~ShortGracePeriods() {
    // Who cannot have it alone is not the last.
    if (!lock_.valid() || ::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0 || !is_marked(lock_.get())) {
        return;
    }
    // A mark that stays makes the next one set it back once more.
    static_cast<void>(write_switch(switch_path_, '0') && clear_mark(lock_.get()));
}

}  // namespace namegate

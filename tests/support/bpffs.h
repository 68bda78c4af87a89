// SPDX-License-Identifier: Apache-2.0
//
// A separate BPF file system over /sys/fs/bpf, in a mount namespace of this process: when it is unmounted, or the
// process dies, every pin in it is removed, and with the pins the maps, programs and links. Make the first one before
// any thread.
#pragma once

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <string>

#include "support/netns.h"

namespace namegate::test {

inline void own_mounts() {
    static const bool done = [] {
        require_root();
        if (::unshare(CLONE_NEWNS) != 0) {
            fail_with_errno("unshare(CLONE_NEWNS)");
        }
        if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
            fail_with_errno("making the mounts private");
        }
        return true;
    }();
    static_cast<void>(done);
}

class Bpffs {
  public:
    Bpffs() {
        own_mounts();
        if (::mount("namegate-test", path_.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0) {
            fail_with_errno("mounting a BPF file system");
        }
    }
    ~Bpffs() { ::umount2(path_.c_str(), MNT_DETACH); }
    Bpffs(const Bpffs&) = delete;
    Bpffs& operator=(const Bpffs&) = delete;
    Bpffs(Bpffs&&) = delete;
    Bpffs& operator=(Bpffs&&) = delete;

    const std::string& path() const { return path_; }

  private:
    const std::string path_ = "/sys/fs/bpf";
};

}  // namespace namegate::test

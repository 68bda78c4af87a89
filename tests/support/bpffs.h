// SPDX-License-Identifier: Apache-2.0
//
// A BPF file system of the test's own, mounted on a temporary folder: when it is unmounted, every pin in
// it goes, and with them maps, programs and links. A crash leaves the mount, named by its prefix.
#pragma once

#include <sys/mount.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace namegate::test {

// Ends the process with 77 (skipped), or with 1 when NAMEGATE_REQUIRE_ROOT is set, unless it may use BPF.
inline void require_root() {
    if (::geteuid() == 0) {
        return;
    }
    std::fputs("skipped: needs root (CAP_BPF, CAP_NET_ADMIN, CAP_SYS_ADMIN)\n", stderr);
    std::_Exit(std::getenv("NAMEGATE_REQUIRE_ROOT") != nullptr ? 1 : 77);  // NOLINT(concurrency-mt-unsafe): one thread
}

class Bpffs {
  public:
    Bpffs() {
        require_root();
        std::string name = "/tmp/namegate-bpffs-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("mkdtemp failed");
        }
        path_ = name;
        if (::mount("bpf", path_.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0) {
            ::rmdir(path_.c_str());
            throw std::runtime_error("cannot mount bpffs on " + path_);
        }
    }
    ~Bpffs() {
        ::umount2(path_.c_str(), MNT_DETACH);
        ::rmdir(path_.c_str());
    }
    Bpffs(const Bpffs&) = delete;
    Bpffs& operator=(const Bpffs&) = delete;
    Bpffs(Bpffs&&) = delete;
    Bpffs& operator=(Bpffs&&) = delete;

    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

}  // namespace namegate::test

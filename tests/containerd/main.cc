// SPDX-License-Identifier: Apache-2.0
// Runs itself again in a separate process tree: containers, their shims and containerd end with the test, however it ends. Then
// makes a private node, with the machine's cgroups. /etc, /opt, /usr/local and /var/lib are private too: containerd looks for CNI
// there, and install.sh installs there.
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "support/node_start.h"
#include "support/run_tests.h"

namespace {

constexpr const char* kInside = "NAMEGATE_TEST_INSIDE";

void require_programs() {
    for (const char* program :
         {"/usr/bin/containerd", "/usr/bin/ctr", "/usr/sbin/runc", "/usr/bin/busybox", "/usr/sbin/dnsmasq", "/usr/bin/unshare"}) {
        if (::access(program, X_OK) != 0) {
            std::fprintf(stderr, "skipped: needs %s (packages containerd, runc, busybox-static, dnsmasq-base)\n", program);
            std::exit(77);
        }
    }
}

[[noreturn]] void run_inside(char** argv) {
    ::setenv(kInside, "yes", 1);
    std::vector<char*> arguments;
    std::array<std::string, 7> words = {"unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "/proc/self/exe"};
    std::array<char, 4096> self{};
    if (::readlink("/proc/self/exe", self.data(), self.size() - 1) > 0) {
        words.back() = self.data();
    }
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    for (char** argument = argv + 1; *argument != nullptr; ++argument) {
        arguments.push_back(*argument);
    }
    arguments.push_back(nullptr);
    ::execv("/usr/bin/unshare", arguments.data());
    std::perror("unshare");
    std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
    using namegate::test::must_run;
    namegate::test::require_root();
    require_programs();
    if (std::getenv(kInside) == nullptr) {
        run_inside(argv);
    }
    // The private node gets its own /sys; the cgroups are mounted there too.
    must_run(
        "mount --make-rprivate / && mkdir -p /tmp/namegate-private && mount -t tmpfs tmpfs /tmp/namegate-private && "
        "cd /tmp/namegate-private && mkdir cgroup etc etc.work local local.work lib lib.work && mount --rbind /sys/fs/cgroup cgroup");
    namegate::test::start_node();
    must_run(
        "cd /tmp/namegate-private && mount --rbind cgroup /sys/fs/cgroup && "
        "mount -t overlay overlay -o lowerdir=/etc,upperdir=etc,workdir=etc.work /etc && "
        "mount -t overlay overlay -o lowerdir=/usr/local,upperdir=local,workdir=local.work /usr/local && "
        "mount -t overlay overlay -o lowerdir=/var/lib,upperdir=lib,workdir=lib.work /var/lib && "
        "mkdir -p /var/lib/containerd && mount -t tmpfs tmpfs /var/lib/containerd && mount -t tmpfs tmpfs /opt && "
        "rm -rf /etc/cni /etc/namegate /var/lib/namegate && mkdir -p /etc/cni/net.d /opt/cni/bin");
    const int status = namegate::test::run_tests(argc, argv);
    namegate::test::run_command("find /sys/fs/cgroup -mindepth 2 -depth -type d -path '*/namegate-test*' -exec rmdir {} +");
    return status;
}

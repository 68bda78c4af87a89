// SPDX-License-Identifier: Apache-2.0
//
// For tests that need root: a private "node" (its own network and mount namespaces, so nothing of the
// machine is touched), and network namespaces that live as long as their object. Errors throw, which fails
// the test case that caused them.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

namespace namegate::test {

[[noreturn]] inline void fail_with_errno(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

// Ends the program with 77 ("skipped") and the reason, unless it runs as root.
inline void require_root() {
    if (::geteuid() != 0) {
        std::fprintf(stderr, "skipped: needs root, for network namespaces\n");
        std::exit(77);
    }
}

struct CommandOutput {
    int status = -1;   // exit status, or 128 + the signal
    std::string text;  // stdout and stderr
};

// Through the shell, in the caller's namespaces.
inline CommandOutput run_command(const std::string& command) {
    CommandOutput output;
    std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "re");
    if (pipe == nullptr) {
        fail_with_errno("popen");
    }
    std::array<char, 4096> buffer{};
    std::size_t got = 0;
    while ((got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0) {
        output.text.append(buffer.data(), got);
    }
    const int status = ::pclose(pipe);
    output.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return output;
}

// The same, throwing unless it succeeds; returns what it printed.
inline std::string must_run(const std::string& command) {
    const CommandOutput output = run_command(command);
    if (output.status != 0) {
        throw std::runtime_error("`" + command + "` failed: " + output.text);
    }
    return output.text;
}

// Moves the calling process into new network and mount namespaces with a private /run and /var/lib/cni, and
// loopback up. Call it in main(), before any thread. NAMEGATE_TEST_MACHINE: this machine was made for the test (tests/bpf/kernel61),
// so its own network namespace is the node's, as on a real node.
inline void enter_private_node() {
    const int network = std::getenv("NAMEGATE_TEST_MACHINE") == nullptr ? CLONE_NEWNET : 0;  // NOLINT(concurrency-mt-unsafe)
    if (::unshare(network | CLONE_NEWNS) != 0) {
        fail_with_errno("unshare");
    }
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        fail_with_errno("making the mounts private");
    }
    for (const char* path : {"/run", "/var/lib/cni"}) {
        if (::mkdir(path, 0755) != 0 && errno != EEXIST) {
            fail_with_errno(std::string("mkdir ") + path);
        }
        if (::mount("namegate-test", path, "tmpfs", 0, "mode=755") != 0) {
            fail_with_errno(std::string("mounting a tmpfs over ") + path);
        }
    }
    // /sys shows the network namespace it was mounted in.
    if (network != 0 && ::mount("namegate-test", "/sys", "sysfs", 0, nullptr) != 0) {
        fail_with_errno("mounting /sys");
    }
    // A BPF file system of this node alone: what is pinned in it is removed with the process.
    if (::mount("namegate-test", "/sys/fs/bpf", "bpf", 0, "mode=700") != 0) {
        fail_with_errno("mounting /sys/fs/bpf");
    }
    must_run("ip link set lo up");
}

// A network namespace bound to a file under /run/netns, as container runtimes make them.
class TestNetns {
  public:
    TestNetns() {
        static std::atomic<unsigned> counter{0};
        name_ = "ngt-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
        must_run("ip netns add " + name_);
        path_ = "/run/netns/" + name_;
    }
    ~TestNetns() { remove(); }
    TestNetns(const TestNetns&) = delete;
    TestNetns& operator=(const TestNetns&) = delete;
    TestNetns(TestNetns&&) = delete;
    TestNetns& operator=(TestNetns&&) = delete;

    const std::string& name() const { return name_; }
    const std::string& path() const { return path_; }

    // Ends it early; a second call is harmless.
    void remove() {
        if (!name_.empty()) {
            run_command("ip netns del " + name_);
            name_.clear();
        }
    }

    // Runs a shell command inside.
    CommandOutput run(const std::string& command) const { return run_command("ip netns exec " + name_ + " " + command); }
    std::string must(const std::string& command) const { return must_run("ip netns exec " + name_ + " " + command); }

    // Runs `work` on a thread inside. An exception ends the program, so check results outside.
    void within(const std::function<void()>& work) const {
        std::thread thread([this, &work] {
            const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
            if (fd < 0 || ::setns(fd, CLONE_NEWNET) != 0) {
                fail_with_errno("entering " + path_);
            }
            ::close(fd);
            work();
        });
        thread.join();
    }

  private:
    std::string name_;
    std::string path_;
};

}  // namespace namegate::test

// SPDX-License-Identifier: Apache-2.0
//
// System calls that the kernel refuses, as in a sandbox or on another kernel: for a separate thread, by seccomp.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace namegate::test {

// A call that is refused, with EPERM.
struct RefusedCall {
    long number = 0;
    std::int64_t first_argument = -1;  // -1: any; else only the call with this one
};

namespace refused_calls {

inline bool install(const std::vector<RefusedCall>& calls) {
    constexpr std::uint32_t kNumberAt = offsetof(seccomp_data, nr);
    constexpr std::uint32_t kArgumentAt = offsetof(seccomp_data, args);
    std::vector<sock_filter> code;
    const auto add = [&code](unsigned what, std::uint32_t value, std::uint8_t if_true = 0, std::uint8_t if_false = 0) {
        code.push_back({static_cast<std::uint16_t>(what), if_true, if_false, value});
    };
    for (const RefusedCall& call : calls) {
        const bool any = call.first_argument < 0;
        add(BPF_LD | BPF_W | BPF_ABS, kNumberAt);
        add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call.number), 0, any ? 1 : 3);
        if (!any) {
            add(BPF_LD | BPF_W | BPF_ABS, kArgumentAt);
            add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call.first_argument), 0, 1);
        }
        add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    }
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace refused_calls

// Runs `work` on a thread that cannot make these calls. `work` must not throw.
inline void without_calls(const std::vector<RefusedCall>& calls, const std::function<void()>& work) {
    bool installed = false;
    std::thread thread([&] {
        installed = refused_calls::install(calls);
        if (installed) {
            work();
        }
    });
    thread.join();
    if (!installed) {
        throw std::runtime_error("seccomp refuses a filter");
    }
}

}  // namespace namegate::test

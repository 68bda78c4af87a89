// SPDX-License-Identifier: Apache-2.0
//
// Runs a tc program once (or `repeat` times) on a packet by BPF_PROG_TEST_RUN. `ifindex` has to exist in the namespace of the
// calling thread; `from` is the interface that received the packet, 0 when the node itself sends it, `mark` its mark. Throws when
// the kernel refuses the call.
#pragma once

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace namegate::test {

struct RunResult {
    std::int32_t verdict = 0;       // -1: TC_ACT_UNSPEC, go on; 2: TC_ACT_SHOT; 7: TC_ACT_REDIRECT
    std::uint32_t mark = 0;         // of the packet afterwards
    std::uint32_t duration_ns = 0;  // mean of one run
    std::vector<std::uint8_t> packet;

    bool passed() const { return verdict == -1; }
    bool dropped() const { return verdict == 2; }
    bool redirected() const { return verdict == 7; }
    bool held() const { return redirected(); }  // to no interface: the daemon has it
};

inline RunResult run_program(int fd, const std::vector<std::uint8_t>& packet, std::uint32_t ifindex, int repeat = 1, std::uint32_t from = 1,
                             std::uint32_t mark = 0) {
    __sk_buff context{};
    context.ifindex = ifindex;
    context.ingress_ifindex = from;
    context.mark = mark;
    __sk_buff after{};
    RunResult result;
    result.packet.resize(packet.size() + 256);
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.data_in = packet.data();
    options.data_size_in = static_cast<std::uint32_t>(packet.size());
    options.data_out = result.packet.data();
    options.data_size_out = static_cast<std::uint32_t>(result.packet.size());
    options.ctx_in = &context;
    options.ctx_size_in = sizeof context;
    options.ctx_out = &after;
    options.ctx_size_out = sizeof after;
    options.repeat = repeat;
    const int error = bpf_prog_test_run_opts(fd, &options);
    if (error != 0) {
        throw std::runtime_error("bpf_prog_test_run: " + std::string(std::strerror(-error)));
    }
    result.verdict = static_cast<std::int32_t>(options.retval);
    result.duration_ns = options.duration;
    result.mark = after.mark;
    result.packet.resize(options.data_size_out);
    return result;
}

}  // namespace namegate::test

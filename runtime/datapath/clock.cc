// SPDX-License-Identifier: Apache-2.0
#include "datapath/clock.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <array>
#include <cerrno>
#include <ctime>

#include "datapath/libbpf_options.h"
#include "datapath/map.h"

namespace namegate::datapath {

Result<ng_clock> read_clock(Datapath& datapath) {
    NG_ASSIGN(const int program, datapath.program(ProgramId::kClockNow));
    const std::array<std::uint8_t, 64> frame{};
    auto options = libbpf_options<bpf_test_run_opts>();
    options.data_in = frame.data();
    options.data_size_in = frame.size();
    options.repeat = 1;
    if (const int error = bpf_prog_test_run_opts(program, &options); error != 0) {
        return sys_error("running clock_now", -error);
    }
    NG_ASSIGN(const int fd, datapath.map(MapId::kClock));
    const std::uint32_t zero = 0;
    NG_ASSIGN(const auto now, map_lookup<ng_clock>(fd, zero));
    if (!now) {
        return Error(Code::kInternal, "the map clock has no entry");
    }
    return *now;
}

Result<std::uint32_t> jiffies_per_second() {
    timespec resolution{};
    if (::clock_getres(CLOCK_MONOTONIC_COARSE, &resolution) != 0) {
        return sys_error("reading the resolution of CLOCK_MONOTONIC_COARSE", errno);
    }
    constexpr long kSecond = 1'000'000'000;
    if (resolution.tv_sec != 0 || resolution.tv_nsec < kSecond / 10'000 || resolution.tv_nsec > kSecond / 10) {
        return Error(Code::kUnsupported, "the kernel's timer period is not between 0.1 and 100 ms");
    }
    return static_cast<std::uint32_t>((kSecond + resolution.tv_nsec / 2) / resolution.tv_nsec);
}

}  // namespace namegate::datapath

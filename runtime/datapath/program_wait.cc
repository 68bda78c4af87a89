// SPDX-License-Identifier: Apache-2.0
#include "datapath/program_wait.h"

#include <bpf/bpf.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/fd.h"
#include "datapath/libbpf_options.h"
#include "datapath/map.h"

namespace namegate::datapath {

namespace {

// A change to a map of maps returns when no program can use the old inner map any more.
Result<> wait_by_map_change() {
    const Fd inner(bpf_map_create(BPF_MAP_TYPE_ARRAY, "wait_inner", sizeof(std::uint32_t), sizeof(std::uint32_t), 1, nullptr));
    if (!inner.valid()) {
        return sys_error("creating a map for waiting", errno);
    }
    auto options = libbpf_options<bpf_map_create_opts>();
    options.inner_map_fd = static_cast<std::uint32_t>(inner.get());
    const Fd outer(bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "wait", sizeof(std::uint32_t), sizeof(std::uint32_t), 1, &options));
    if (!outer.valid()) {
        return sys_error("creating a map of maps for waiting", errno);
    }
    return map_update(outer.get(), std::uint32_t{0}, static_cast<std::uint32_t>(inner.get()));
}

}  // namespace

Result<> wait_for_programs() {
    if (::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0) {
        return ok();
    }
    // A kernel with nohz_full CPUs refuses membarrier, and so may a sandbox.
    const Error refused = sys_error("membarrier", errno);
    return wait_by_map_change().with_context("waiting for running programs (" + refused.message() + ")");
}

}  // namespace namegate::datapath

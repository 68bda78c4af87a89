// SPDX-License-Identifier: Apache-2.0
//
// An interface to attach to.
#pragma once

#include <net/if.h>
#include <sched.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <stdexcept>
#include <thread>

#include "support/netns.h"

namespace namegate::test {

// Runs `work` on a thread in a new network namespace that has a veth pair, gate.0 and pod0.
inline void with_veth(const std::function<void(std::uint32_t ifindex)>& work) {
    std::exception_ptr failure;
    std::thread thread([&] {
        try {
            if (::unshare(CLONE_NEWNET) != 0) {
                throw std::runtime_error("unshare(CLONE_NEWNET) failed");
            }
            must_run("ip link add gate.0 type veth peer name pod0");
            work(::if_nametoindex("gate.0"));
        } catch (...) {
            failure = std::current_exception();
        }
    });
    thread.join();
    if (failure) {
        std::rethrow_exception(failure);
    }
}

}  // namespace namegate::test

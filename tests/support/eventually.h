// SPDX-License-Identifier: Apache-2.0
//
// Waits for something that happens by itself.
#pragma once

#include <chrono>
#include <thread>

namespace namegate::test {

// Whether the condition came true within the time; checked again and again.
template <typename Condition>
bool eventually(Condition&& condition, std::chrono::milliseconds most = std::chrono::seconds(10)) {
    const auto deadline = std::chrono::steady_clock::now() + most;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

}  // namespace namegate::test

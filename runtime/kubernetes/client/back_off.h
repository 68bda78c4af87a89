// SPDX-License-Identifier: Apache-2.0
//
// How long to wait after requests that failed. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace namegate::kubernetes {

inline std::chrono::milliseconds scaled(std::chrono::milliseconds time, double factor) {
    return std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(time.count()) * factor));
}

// Between half and the whole of a delay that begins with `first` and doubles with each earlier failure in a row, up to `most`.
// `random`: in [0, 1).
inline std::chrono::milliseconds back_off(std::chrono::milliseconds first, std::chrono::milliseconds most, unsigned failures,
                                          double random) {
    constexpr unsigned kMaxDoublings = 16;
    return scaled(std::min(most, first * (std::int64_t{1} << std::min(failures, kMaxDoublings))), 0.5 + random / 2);
}

}  // namespace namegate::kubernetes

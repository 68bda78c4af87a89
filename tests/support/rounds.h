// SPDX-License-Identifier: Apache-2.0
//
// How long a random test runs, and from which seed: short as part of the suite, long by NAMEGATE_ROUNDS; NAMEGATE_SEED repeats a
// failure. Both are printed.
#pragma once

#include <cstdlib>
#include <iostream>
#include <random>
#include <string_view>

namespace namegate::test {

inline unsigned long setting(const char* name, unsigned long fallback) {
    const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
    return text == nullptr ? fallback : std::strtoul(text, nullptr, 10);
}

struct Rounds {
    unsigned long count = 0;
    unsigned long seed = 0;
};

inline Rounds rounds(std::string_view what, unsigned long fallback) {
    const Rounds out{setting("NAMEGATE_ROUNDS", fallback), setting("NAMEGATE_SEED", std::random_device{}())};
    std::cout << what << ": " << out.count << " rounds, seed " << out.seed << "\n";
    return out;
}

}  // namespace namegate::test

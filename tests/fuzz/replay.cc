// SPDX-License-Identifier: Apache-2.0
//
// Runs a fuzz target on the files of its corpus, each as it is, truncated, and with bits flipped: a test without libFuzzer. usage:
// replay_TARGET FOLDER...
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/target.h"

namespace {

constexpr std::size_t kCuts = 32;  // of one file

void run(const std::string& input) {
    // Of exactly this size, so that AddressSanitizer sees a read past the end.
    const std::vector<std::uint8_t> bytes(input.begin(), input.end());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

void run_with_changes(const std::string& input) {
    run(input);
    const std::size_t step = input.size() / kCuts + 1;
    for (std::size_t at = 0; at < input.size(); at += step) {
        run(input.substr(0, at));
        std::string flipped = input;
        flipped[at] = static_cast<char>(flipped[at] ^ 1 << at % 8);
        run(flipped);
    }
}

}  // namespace

int main(int count, char** arguments) {
    std::size_t files = 0;
    for (int i = 1; i < count; ++i) {
        for (const auto& entry : std::filesystem::directory_iterator(arguments[i])) {
            std::ifstream file(entry.path(), std::ios::binary);
            run_with_changes({std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
            ++files;
        }
    }
    std::printf("%zu files replayed\n", files);
    return files > 0 ? 0 : 1;
}

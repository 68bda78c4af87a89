// SPDX-License-Identifier: Apache-2.0
//
// Writes the hand-written DNS messages into a folder, one file each. usage: fuzz_seeds FOLDER
#include <cstdio>
#include <fstream>
#include <string>

#include "support/dns_corpus.h"

int main(int count, char** arguments) {
    if (count != 2) {
        std::fprintf(stderr, "usage: fuzz_seeds FOLDER\n");
        return 2;
    }
    for (const auto& message : namegate::test::edge_cases()) {
        std::ofstream file(std::string(arguments[1]) + "/" + message.name, std::ios::binary);
        file.write(reinterpret_cast<const char*>(message.bytes.data()), static_cast<std::streamsize>(message.bytes.size()));
        if (!file.flush()) {
            std::fprintf(stderr, "fuzz_seeds: cannot write into %s\n", arguments[1]);
            return 1;
        }
    }
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
//
// The tags of tests in their source, for checks that everything that needs a test has one. Throws when a folder cannot be read.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

namespace namegate::test {

inline std::string file_content(const std::filesystem::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// All matches of `pattern` in a text, each as the text of its groups.
inline std::vector<std::vector<std::string>> all_matches(const std::string& text, const std::regex& pattern) {
    std::vector<std::vector<std::string>> out;
    for (auto at = std::sregex_iterator(text.begin(), text.end(), pattern); at != std::sregex_iterator(); ++at) {
        out.emplace_back(std::next(at->begin()), at->end());
    }
    return out;
}

// The tags of every test case below a folder: "[attach][C38]".
inline std::vector<std::string> test_case_tags(const std::string& folder) {
    const std::regex test_case("TEST_CASE\\(\\s*\"[^\"]*\",\\s*\"([^\"]*)\"\\)");
    std::vector<std::string> out;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
        if (file.path().extension() != ".cc") {
            continue;
        }
        for (const auto& match : all_matches(file_content(file.path()), test_case)) {
            out.push_back(match.front());
        }
    }
    return out;
}

}  // namespace namegate::test

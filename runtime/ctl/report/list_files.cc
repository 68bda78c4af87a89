// SPDX-License-Identifier: Apache-2.0
#include "ctl/report/list_files.h"

#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <filesystem>

#include "base/printable.h"
#include "base/utc_text.h"

namespace namegate::ctl {

namespace {

std::string line_of(const std::string& path) {
    struct stat about {};
    if (::lstat(path.c_str(), &about) != 0) {
        return {};  // gone since it was listed
    }
    std::array<char, 64> rest{};
    std::snprintf(rest.data(), rest.size(), "  %04o  %lld  ", about.st_mode & 07777U, static_cast<long long>(about.st_size));
    return format_utc(about.st_mtime, "%Y-%m-%dT%H:%M:%SZ") + rest.data() + printable(path) + (S_ISDIR(about.st_mode) ? "/" : "") + "\n";
}

}  // namespace

std::string list_files(const std::vector<std::string>& folders) {
    std::string out;
    for (const std::string& folder : folders) {
        std::error_code failed;
        out += line_of(folder);
        std::size_t count = 0;
        std::filesystem::recursive_directory_iterator at(folder, failed);
        for (; !failed && at != std::filesystem::recursive_directory_iterator(); at.increment(failed)) {
            if (++count > kMaxListedFiles) {
                out += "(more files in " + printable(folder) + ")\n";
                break;
            }
            out += line_of(at->path().string());
        }
        if (failed) {
            out += printable(folder) + ": " + failed.message() + "\n";
        }
    }
    return out;
}

}  // namespace namegate::ctl

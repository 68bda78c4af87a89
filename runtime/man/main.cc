// SPDX-License-Identifier: Apache-2.0
//
// write_man FOLDER DATE CONFIGURATION.md: writes the manual pages when namegate is built. It is not installed.
#include <cstdio>
#include <string>

#include "base/file.h"
#include "ctl/command_line.h"
#include "daemon/command_line.h"
#include "man/pages.h"

namespace {

using namespace namegate;

constexpr std::size_t kMaxBytes = std::size_t{1} * 1024 * 1024;

Result<> write_pages(const std::string& folder, const std::string& date, const std::string& configuration) {
    std::string command;
    ctl::with_command_line([&](const CLI::App& program) { command = man::namegatectl_page(program, date); });
    NG_TRY(write_file_atomically(folder + "/namegatectl.1", command, 0644));
    NG_TRY(write_file_atomically(folder + "/namegated.8", man::namegated_page(daemon::CommandLine().app(), date), 0644));
    NG_ASSIGN(const std::string markdown, read_file(configuration, kMaxBytes));
    const auto settings = man::settings_page(markdown, date);
    if (!settings) {
        return Error(settings.error().code(), configuration + ": " + settings.error().message());
    }
    return write_file_atomically(folder + "/namegate.yaml.5", *settings, 0644);
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) {
        std::fprintf(stderr, "usage: write_man FOLDER DATE CONFIGURATION.md\n");
        return 2;
    }
    const auto written = write_pages(arguments[1], arguments[2], arguments[3]);
    if (!written) {
        std::fprintf(stderr, "write_man: %s\n", written.error().message().c_str());
    }
    return written ? 0 : 1;
}

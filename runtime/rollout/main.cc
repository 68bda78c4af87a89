// SPDX-License-Identifier: Apache-2.0
//
// namegate-node: installs the plugin on the node of a DaemonSet, and removes it again.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "base/printable.h"
#include "rollout/node_files.h"

namespace {

using namespace namegate::rollout;

constexpr int kWrongUsage = 2;
constexpr int kEnforced = 3;
constexpr std::chrono::seconds kPoll{2};
constexpr const char* kFooter =
    "Exit status: 0 done, 1 failed, 2 wrong usage; of `remove` 3: pods are still enforced; of `remove --check` 1: something is left.";

void print_lines(std::FILE* stream, const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
        std::fprintf(stream, "%s\n", namegate::printable(line).c_str());
    }
    std::fflush(stream);
}

int fail(const namegate::Error& error) {
    print_lines(stderr, {"namegate-node: " + error.message()});
    return 1;
}

int install(const InstallOptions& options) {
    const auto done = install_on_node(options);
    if (!done) {
        return fail(done.error());
    }
    print_lines(stdout, *done);
    return 0;
}

int check(const NodePaths& paths) {
    const auto left = left_on_node(paths);
    print_lines(stdout, left);
    return left.empty() ? 0 : 1;
}

int remove(const NodePaths& paths, bool wait, bool stay) {
    std::vector<std::string> shown;
    for (;;) {
        const auto removal = remove_from_node(paths);
        if (!removal) {
            return fail(removal.error());
        }
        if (removal->done) {
            break;
        }
        if (removal->waits_for != shown) {
            shown = removal->waits_for;
            print_lines(stdout, {std::to_string(shown.size()) + " pods are still enforced; delete them, or drain the node:"});
            print_lines(stdout, shown);
        }
        if (!wait) {
            return kEnforced;
        }
        std::this_thread::sleep_for(kPoll);
    }
    print_lines(stdout, {"removed: nothing of namegate is left on the node"});
    if (stay) {
        for (;;) {
            ::pause();  // until a signal ends the process
        }
    }
    return 0;
}

int run(int count, char** arguments) {
    CLI::App app("namegate-node - installs namegate's CNI plugin on the node of a DaemonSet, and removes it", "namegate-node");
    app.set_version_flag("-V,--version", "namegate-node " NAMEGATE_VERSION, "the version");
    app.footer(kFooter);
    app.require_subcommand(1);
    InstallOptions options;
    bool wait = false;
    bool stay = false;
    bool only_check = false;
    const auto add_paths = [&options](CLI::App* command) {
        command->add_option("--host", options.paths.host, "prefix of the node's paths: where its folders are mounted");
        command->add_option("--cni-bin-dir", options.paths.bin_dir, "the runtime's plugin folder (default /opt/cni/bin)");
        command->add_option("--cni-conf-dir", options.paths.conf_dir, "the runtime's configuration folder (default /etc/cni/net.d)");
    };
    CLI::App* installing = app.add_subcommand("install", "installs plugin, settings and, last, the CNI configuration");
    add_paths(installing);
    installing->add_option("--plugin", options.plugin, "the program")->required();
    installing->add_option("--settings", options.settings, "the namegate.yaml")->required();
    installing->add_option("--conflist", options.conflist, "the CNI configuration; without it namegate is chained into the node's");
    installing->add_option("--node-name", options.node_name, "the node's name at the API server, if the settings have none");
    CLI::App* removing = app.add_subcommand("remove", "removes all of it, when no pod is enforced any more");
    add_paths(removing);
    removing->add_flag("--wait", wait, "wait until no pod is enforced");
    removing->add_flag("--stay", stay, "do not end when all is done, for a DaemonSet");
    removing->add_flag("--check", only_check, "remove nothing; print what is left");
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kWrongUsage;
    }
    if (installing->parsed()) {
        return install(options);
    }
    return only_check ? check(options.paths) : remove(options.paths, wait, stay);
}

}  // namespace

int main(int count, char** arguments) {
    try {
        return run(count, arguments);
    } catch (const std::exception& exception) {
        std::fprintf(stderr, "namegate-node: %s\n", exception.what());
        return 1;
    }
}

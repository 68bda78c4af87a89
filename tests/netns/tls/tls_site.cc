// SPDX-License-Identifier: Apache-2.0
#include "tls_site.h"

#include <fstream>
#include <iostream>
#include <sstream>

#include "support/eventually.h"

namespace namegate::test {

namespace {

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::string tls_policy(const std::string& mode, const std::vector<std::string>& domains) {
    std::string policy = allow_domains("weather", "app == 'a'", domains);
    const std::string name = "  name: weather\n";
    policy.insert(policy.find(name), "  annotations: {namegate.dev/tls: \"" + mode + "\"}\n");
    return policy;
}

TlsSite::TlsSite(const std::string& mode, const std::string& settings, bool retry) : site(settings) {
    for (const char* name : {kAllowed, kOther}) {
        site.world.set_name(name, {kShared4, kShared6});
    }
    site.node.write_policy("weather.yaml", tls_policy(mode, {kAllowed}));
    site.node.start_daemon();
    pod = site.node.add({.name = "a", .labels = {{"app", "a"}}});
    ProcessOptions options;
    options.arguments = {"/usr/bin/nsenter", "--net=" + site.world.netns().path(), NAMEGATE_TLS_SERVER, kTlsPort};
    if (retry) {
        options.arguments.emplace_back("retry");
    }
    options.output = site.node.folder() + "/server.txt";
    options.errors = site.node.folder() + "/server-errors.txt";
    server = std::make_unique<Process>(options);
    if (!eventually([&] { return text_of(options.output).find("ready") != std::string::npos; })) {
        throw std::runtime_error("the TLS server does not start: " + text_of(options.errors));
    }
    std::ofstream(site.node.folder() + "/resolv.conf") << "nameserver " << kServer4 << "\n";
    std::ofstream(site.node.folder() + "/hosts") << "127.0.0.1 localhost\n";
}

// The next site adds a container of the same name. A process that a client left would keep this one's interface.
TlsSite::~TlsSite() {
    try {
        site.node.remove(*pod);
    } catch (const std::exception& failed) {
        std::cerr << failed.what() << "\n";
    }
}

CommandOutput TlsSite::run(const std::string& command, int timeout) const {
    const std::string folder = site.node.folder();
    // The processes that the command left end with it, because they are in its PID namespace.
    return pod->netns.run("unshare --mount --pid --fork --kill-child --mount-proc sh -c 'mount --bind " + folder +
                          "/resolv.conf /etc/resolv.conf && mount --bind " + folder + "/hosts /etc/hosts && exec timeout " +
                          std::to_string(timeout) + " " + command + "'");
}

long TlsSite::stop_server() {
    server->signal(SIGTERM);
    server->wait(std::chrono::seconds(5));
    std::istringstream lines(text_of(site.node.folder() + "/server.txt"));
    std::string word;
    long number = -1;
    lines >> word >> word >> number;
    return number;
}

Connections connect(const TlsSite& tls, const std::string& arguments, int timeout) {
    const CommandOutput output = tls.run(std::string(NAMEGATE_TLS_CLIENT) + " " + arguments, timeout);
    Connections out;
    std::istringstream text(output.text);
    std::string word;
    text >> word >> out.ok >> word >> out.failed >> word >> out.slowest_ms >> std::ws;
    std::getline(text, out.error);
    if (output.status != 0 || out.ok < 0) {
        throw std::runtime_error("tls_client: " + output.text);
    }
    return out;
}

}  // namespace namegate::test

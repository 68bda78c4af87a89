// SPDX-License-Identifier: Apache-2.0
//
// A node with a pod, and a TLS server for many names on one address outside. The server ends with the object. One thread.
#pragma once

#include <memory>
#include <string>

#include "site.h"

namespace namegate::test {

inline constexpr const char* kShared4 = "198.18.0.80";
inline constexpr const char* kShared6 = "2001:db8:1::80";
inline constexpr const char* kTlsPort = "8443";
inline constexpr const char* kAllowed = "api.weather.com";
inline constexpr const char* kOther = "bad.weather.com";  // on the same address, and as long

// The pods with app == 'a' may use DNS and reach the domains; namegate.dev/tls of the policy is `mode`.
std::string tls_policy(const std::string& mode, const std::vector<std::string>& domains);

struct TlsSite {
    // `settings`: lines for namegate.yaml. `retry`: the server asks for a second hello.
    explicit TlsSite(const std::string& mode, const std::string& settings = "", bool retry = false);
    ~TlsSite();
    TlsSite(const TlsSite&) = delete;
    TlsSite& operator=(const TlsSite&) = delete;
    TlsSite(TlsSite&&) = delete;
    TlsSite& operator=(TlsSite&&) = delete;

    // Runs the command in the pod, with a resolv.conf and hosts file of its own. `timeout`: seconds.
    CommandOutput run(const std::string& command, int timeout = 60) const;
    // Ends the server; how many connections were reset.
    long stop_server();

    Site site;
    std::unique_ptr<Pod> pod;
    std::unique_ptr<Process> server;
};

// What tls_client printed.
struct Connections {
    long ok = -1;
    long failed = -1;
    long slowest_ms = -1;
    std::string error;
};
Connections connect(const TlsSite& tls, const std::string& arguments, int timeout = 120);

}  // namespace namegate::test

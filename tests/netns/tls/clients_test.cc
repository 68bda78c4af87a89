// SPDX-License-Identifier: Apache-2.0
//
// T3 with real clients: all of them reach the allowed name under require, none another name on the same address; with the daemon
// dead, with loss, and without segmentation offload.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "tls_site.h"

using namespace namegate;
using namespace namegate::test;

namespace {

const std::string kUrl = std::string("https://") + kAllowed + ":" + kTlsPort + "/";
const std::string kOtherUrl = std::string("https://") + kOther + ":" + kTlsPort + "/";

struct Client {
    const char* name;
    const char* program;  // must exist
    std::string command;  // the URL follows
};

const Client kClients[] = {
    {"curl", "/usr/bin/curl", "curl -ks --max-time 5 --resolve \"" + std::string(kOther) + ":8443:" + kShared4 + "\""},
    {"wget", "/usr/bin/wget", "wget -q -T 5 -t 1 --no-check-certificate -O -"},
    {"OpenSSL", "/usr/bin/openssl", std::string(NAMEGATE_TLS_FOLDER) + "/fetch.sh openssl"},
    {"GnuTLS", "/usr/bin/gnutls-cli", std::string(NAMEGATE_TLS_FOLDER) + "/fetch.sh gnutls"},
    {"git", "/usr/bin/git", "git -c http.sslVerify=false ls-remote"},
    {"Python", "/usr/bin/python3", std::string("/usr/bin/python3 ") + NAMEGATE_TLS_FOLDER + "/fetch.py"},
    {"Node", NAMEGATE_NODE, std::string(NAMEGATE_NODE) + " " + NAMEGATE_TLS_FOLDER + "/fetch.js"},
    {"Java", NAMEGATE_JAVA, std::string(NAMEGATE_JAVA) + " -XX:TieredStopAtLevel=1 " + NAMEGATE_TLS_FOLDER + "/Fetch.java"},
    {"Chromium", "/usr/bin/chromium",
     "chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-background-networking --disable-component-update "
     "--ignore-certificate-errors --user-data-dir=/run/namegate-chromium --timeout=5000 --dump-dom"},
};

// git prints no body: that it understood the response is enough.
bool reached(const CommandOutput& output) {
    return output.text.find(std::string("tenant ") + kAllowed) != std::string::npos ||
           output.text.find("not valid: is this a git repository") != std::string::npos;
}

void check_clients(const TlsSite& tls) {
    for (const Client& client : kClients) {
        if (*client.program == '\0' || !std::filesystem::exists(client.program)) {
            WARN("not here: " << client.name);
            continue;
        }
        const CommandOutput good = tls.run(client.command + " " + kUrl);
        INFO(client.name << ": " << good.text);
        CHECK(reached(good));
    }
}

const std::string kNoOffload =
    "sh -c 'for link in $(ip -o link | cut -d: -f2 | cut -d@ -f1); do ethtool -K $link tso off gso off gro off || exit 1; done'";
// Of every 100 packets, 5 are lost, in each direction.
const std::string kLoss =
    "nft 'table inet loss { chain in { type filter hook prerouting priority 0; numgen random mod 100 lt 5 drop; }; }'";

long connections_wanted() {
    const char* wanted = std::getenv("NAMEGATE_CONNECTIONS");  // NOLINT(concurrency-mt-unsafe)
    return wanted == nullptr ? 1000 : std::strtol(wanted, nullptr, 10);
}

}  // namespace

TEST_CASE("T3: real clients reach the allowed name under require, with the daemon dead too") {
    TlsSite tls("require");
    REQUIRE(resolve(*tls.pod, kAllowed));
    check_clients(tls);
    tls.site.node.kill_daemon();
    const Connections after = connect(tls, std::string(kShared4) + ":8443 " + kAllowed + " 20 2");
    INFO(after.error);
    CHECK(after.ok == 20);
    CHECK(connect(tls, std::string(kShared4) + ":8443 " + kOther + " 2 2").ok == 0);
    const CommandOutput curl = tls.run(kClients[0].command + " " + kUrl);
    CHECK(reached(curl));
    tls.site.node.start_daemon();
    CHECK(tls.run(kClients[0].command + " " + kOtherUrl).text.find("tenant") == std::string::npos);
}

TEST_CASE("T3: many connections under require, none denied or slow") {
    TlsSite tls("require", "", false);
    REQUIRE(resolve(*tls.pod, kAllowed));
    REQUIRE(resolve(*tls.pod, kAllowed, kTypeAaaa));
    const std::string many = std::to_string(connections_wanted());
    const std::string four = std::string(kShared4) + ":8443 " + kAllowed + " ";
    struct Row {
        const char* what;
        std::string setup;
        std::string arguments;
    };
    const Row rows[] = {
        {"one segment", "", four + many + " 16"},
        {"IPv6", "", std::string("[") + kShared6 + "]:8443 " + kAllowed + " " + many + " 16"},
        {"a hello of 2 KB, as with post-quantum keys", "", four + many + " 16 1600"},
        {"in pieces of 100 bytes", "", four + std::to_string(connections_wanted() / 5) + " 16 1600 100"},
        {"without segmentation offload", kNoOffload, four + many + " 16 1600"},
        {"with 5 % loss", kLoss, four + std::to_string(connections_wanted() / 5) + " 32 1600"},
    };
    for (const Row& row : rows) {
        if (!row.setup.empty()) {
            for (const TestNetns* netns : std::initializer_list<const TestNetns*>{&tls.pod->netns, &tls.site.world.netns()}) {
                const CommandOutput setup = netns->run(row.setup);
                INFO(setup.text);
                REQUIRE(setup.status == 0);
            }
        }
        const Connections result = connect(tls, row.arguments, 200);
        std::cout << "T3, " << row.what << ": " << result.ok << " connections, " << result.failed << " failed, slowest "
                  << result.slowest_ms << " ms\n";
        INFO(row.what << ": " << result.error);
        CHECK(result.failed == 0);
    }
}

TEST_CASE("T3: a server that asks for a second hello is reached, and its second hello is judged") {
    TlsSite tls("require", "", true);
    REQUIRE(resolve(*tls.pod, kAllowed));
    const Connections result = connect(tls, std::string(kShared4) + ":8443 " + kAllowed + " 50 4");
    INFO(result.error);
    CHECK(result.failed == 0);
}

TEST_CASE("T3: with denyAction Reject, both ends learn at once that the connection is denied") {
    TlsSite tls("verify", "denyAction: Reject\n");
    REQUIRE(resolve(*tls.pod, kAllowed));
    const Connections denied = connect(tls, std::string(kShared4) + ":8443 " + kOther + " 10 1");
    CHECK(denied.ok == 0);
    CHECK(denied.slowest_ms < 500);
    CHECK(denied.error.find("reset") != std::string::npos);
    CHECK(tls.stop_server() == 10);
    const auto why = tls.site.node.ask_daemon("why", {{"endpoint", "default/a"}, {"destination", ""}});
    REQUIRE(why);
    INFO(why->dump());
    REQUIRE(why->at("entries").size() == 1);
    CHECK(why->at("entries").at(0).value("tlsName", "") == kOther);
    CHECK(why->at("entries").at(0).value("reason", "") == "tls_name_denied");
}

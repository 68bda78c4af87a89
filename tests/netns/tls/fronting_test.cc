// SPDX-License-Identifier: Apache-2.0
//
// T8 end to end: a hostile client that may reach one name gets no response of another name on the same address.
#include <catch2/catch.hpp>
#include <sstream>

#include "tls_site.h"

using namespace namegate;
using namespace namegate::test;

namespace {

// The ways that were open, each in a line; how many were tried.
std::string open_ways(const TlsSite& tls, const std::string& address, const std::string& more, int* tried) {
    const CommandOutput output =
        tls.run(std::string(NAMEGATE_TLS_ATTACK) + " " + address + ":8443 " + kAllowed + " " + kOther + " " + more, 100);
    INFO(output.text);
    REQUIRE(output.status == 0);
    std::istringstream lines(output.text);
    std::string out;
    *tried = 0;
    for (std::string line; std::getline(lines, line); ++*tried) {
        if (line.starts_with("OPEN")) {
            out += line + "\n";
        }
    }
    return out;
}

}  // namespace

TEST_CASE("T8: no way to another tenant of the address") {
    struct Row {
        const char* mode;
        const char* more;
        bool retry;
        int least;
    };
    for (const Row& row : {Row{"require", "plain", false, 40}, Row{"verify", "", false, 33}, Row{"require", "", true, 33}}) {
        TlsSite tls(row.mode, "denyAction: Reject\n", row.retry);
        REQUIRE(resolve(*tls.pod, kAllowed));
        REQUIRE(resolve(*tls.pod, kAllowed, kTypeAaaa));
        // That the allowed name works shows that the attempts reach a server.
        REQUIRE(connect(tls, std::string(kShared4) + ":8443 " + kAllowed + " 1 1").ok == 1);
        for (const std::string& address : {std::string(kShared4), "[" + std::string(kShared6) + "]"}) {
            int tried = 0;
            INFO(row.mode << " " << address);
            CHECK(open_ways(tls, address, row.more, &tried) == "");
            CHECK(tried >= row.least);
        }
    }
}

TEST_CASE("T8: without TLS names the same ways are open, so the attempts are real") {
    TlsSite tls("off");
    REQUIRE(resolve(*tls.pod, kAllowed));
    int tried = 0;
    const std::string open = open_ways(tls, kShared4, "plain", &tried);
    INFO(open);
    CHECK(std::count(open.begin(), open.end(), '\n') >= 20);
}

// SPDX-License-Identifier: Apache-2.0
//
// Connections bound to TLS names, with two CPUs at work on one connection at the same moment: of two contents at one place at most one
// passes, and a decision never opens the connection that follows on the same ports (T8).
#include <catch2/catch.hpp>
#include <chrono>

#include "tls_connection.h"
#include "two_cpus.h"

using namespace namegate;
using namespace namegate::test;

namespace {

// As many rounds as fit into the time: on a busy machine one takes as long as it takes until both CPUs are free at once, and what the
// names resolved to expires after a minute.
class Rounds {
  public:
    bool next() { return ++round_ < kMost && Clock::now() < end_; }
    int round() const { return round_; }

  private:
    using Clock = std::chrono::steady_clock;
    static constexpr int kMost = 1500;
    const Clock::time_point end_ = Clock::now() + std::chrono::seconds(10);
    int round_ = -1;
};

}  // namespace

TEST_CASE("T8: of two contents at one place, two CPUs let at most one pass") {
    TlsScene scene({tls_rule("require", "api.example.com")});
    const Bytes good(kGoodHello.begin(), kGoodHello.begin() + 60);
    Bytes other = good;
    other[40] ^= 1;  // in the random
    int both = 0;
    int neither = 0;
    Rounds rounds;
    while (rounds.next()) {
        TlsConnection tls(scene);
        tls.open();
        bool passed[2] = {};
        together([&] { passed[0] = tls.data(0, good).passed(); }, [&] { passed[1] = tls.data(0, other).passed(); });
        both += passed[0] && passed[1] ? 1 : 0;
        neither += passed[0] || passed[1] ? 0 : 1;
        tls.send(kRst, TlsConnection::kIsn + 61);
    }
    CHECK(both == 0);
    CHECK(neither <= rounds.round() / 10);
}

TEST_CASE("T8: a decision does not open the connection that begins at the same moment on the same ports") {
    TlsScene scene({tls_rule("require", "api.example.com")});
    int opened = 0;
    for (Rounds rounds; rounds.next();) {
        TlsConnection tls(scene, kShared4, 34000);
        const auto isn = static_cast<std::uint32_t>(rounds.round()) * 200'000U;
        tls.open(isn);
        REQUIRE(tls.data(0, kGoodHello).passed());
        TlsConnection next(scene, kShared4, 34000);
        together([&] { tls.server(count_of(kGoodHello), server_hello()); }, [&] { next.syn(isn + 100'000); });
        // If the server's response came first, the SYN began again; if it came last, it belongs to no connection.
        opened += next.data(0, kEvilHello).passed() ? 1 : 0;
        next.send(kRst, isn + 100'001);
    }
    CHECK(opened == 0);
}

TEST_CASE("T8: a byte that a decision lets pass was judged, whichever CPU was first") {
    TlsScene scene({tls_rule("require", "api.example.com")});
    int unjudged = 0;
    for (Rounds rounds; rounds.next();) {
        TlsConnection tls(scene);
        tls.open();
        bool evil = false;
        together([&] { tls.data(0, kGoodHello); }, [&] { evil = tls.data(0, kEvilHello).passed(); });
        unjudged += evil ? 1 : 0;
        tls.send(kRst, TlsConnection::kIsn + 1);
    }
    CHECK(unjudged == 0);
}

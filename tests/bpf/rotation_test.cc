// SPDX-License-Identifier: Apache-2.0
//
// Names whose addresses change with every response, at a TTL of five seconds, while connections to addresses that expired long ago
// live on. The time is simulated: what passes is subtracted from the expiries in the map, and the daemon's sweep runs once a second,
// as in the daemon.
#include <arpa/inet.h>

#include <catch2/catch.hpp>
#include <deque>

#include "support/rounds.h"
#include "traffic.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr unsigned kNames = 1000;
constexpr unsigned kAddresses = 8;  // of one response; the next one has others
constexpr unsigned kTtl = 5;
constexpr unsigned kSpread = kTtl;  // each second a part of the names is looked up again
constexpr unsigned kPool = 64;      // addresses of one name in all
constexpr unsigned long kAnswers = 8'000;
constexpr unsigned long kTenMinutes = 600UL * kNames / kTtl;
constexpr unsigned kLiveFlows = 256;
constexpr std::uint32_t kGraceSeconds = 60;

std::string name_of(unsigned name) { return "r" + std::to_string(name) + ".example.com"; }

std::string address_of(unsigned name, unsigned turn, unsigned place) {
    const unsigned index = name * kPool + (turn * kAddresses + place) % kPool;
    return "100." + std::to_string(64 + (index >> 16U)) + "." + std::to_string(index >> 8U & 255U) + "." + std::to_string(index & 255U);
}

struct Connection {
    std::string remote;
    std::uint16_t port = 0;
};

class Rotation {
  public:
    Rotation() : scene_(Scene::weather_pod(), datapath::DatapathOptions{}) {
        scene_.apply(domain_policy("'*.example.com'"));
        inner_ = must(scene_.datapath().inner_map(datapath::MapId::kLearnt, scene_.identity().slot));
        flows_ = must(scene_.datapath().inner_map(datapath::MapId::kFlows, scene_.identity().slot));
    }

    // One second: a part of the names is resolved and connected to, the live connections send, the sweep runs.
    void second(unsigned number) {
        closed_.emplace_back();
        for (unsigned name = number % kSpread; name < kNames; name += kSpread) {
            answer_and_connect(name, number / kSpread);
        }
        for (const Connection& connection : live_) {
            dropped_ += scene_.egress(tcp_out(connection.remote, 443, kAck, connection.port)).passed() ? 0U : 1U;
            dropped_ += scene_.ingress(tcp_in(connection.remote, 443, kAck, connection.port)).passed() ? 0U : 1U;
            ++packets_;
        }
        pass_time(1);
        const std::uint32_t now = datapath::tick_of(must(datapath::read_clock(scene_.datapath())).boot_ns);
        const auto swept = must(datapath::sweep_learnt(scene_.datapath(), scene_.identity().slot, now, datapath::ticks_in(kGraceSeconds)));
        most_after_sweep_ = std::max(most_after_sweep_, swept.left);
        kept_by_flow_ = std::max(kept_by_flow_, swept.kept_by_flow);
    }

    unsigned long answers_ = 0;
    unsigned long refused_ = 0;  // first packets
    unsigned long dropped_ = 0;  // packets of live connections
    unsigned long packets_ = 0;
    unsigned long idle_ = 0;  // connections closed long ago
    std::size_t most_ = 0;
    std::size_t most_after_sweep_ = 0;
    std::size_t kept_by_flow_ = 0;

    Scene& scene() { return scene_; }
    std::size_t live() const { return live_.size(); }

  private:
    void answer_and_connect(unsigned name, unsigned turn) {
        auto answer = DnsMessage::response(name_of(name)).ttl(kTtl);
        for (unsigned place = 0; place < kAddresses; ++place) {
            answer.a(name_of(name), address_of(name, turn, place));
        }
        scene_.resolve(DnsMessage::query(name_of(name)).build(), answer.build(), static_cast<std::uint16_t>(1024 + answers_ % 60'000));
        const Connection connection{address_of(name, turn, turn % kAddresses), static_cast<std::uint16_t>(1024 + answers_ % 60'000)};
        ++answers_;
        refused_ += scene_.connects(connection.remote, 443, connection.port) ? 0U : 1U;
        scene_.ingress(tcp_in(connection.remote, 443, kSyn | kAck, connection.port));
        // Some of them live on; the rest end at once.
        if (live_.size() < kLiveFlows && answers_ % 16 == 0) {
            live_.push_back(connection);
            return;
        }
        scene_.egress(tcp_out(connection.remote, 443, kFin | kAck, connection.port));
        scene_.ingress(tcp_in(connection.remote, 443, kFin | kAck, connection.port));
        closed_.back().push_back(connection);
    }

    void pass_time(std::uint32_t seconds) {
        if (closed_.size() > NG_IDLE_CLOSING) {
            for (const Connection& connection : closed_.front()) {
                make_idle(connection);
            }
            closed_.pop_front();
        }
        std::vector<ng_addr> keys;
        std::vector<ng_learnt> values;
        for (auto& [address, value] : must(datapath::map_entries<ng_addr, ng_learnt>(inner_.get()))) {
            for (std::size_t i = 0; i < value.count; ++i) {
                value.expiry[i] -= datapath::ticks_in(seconds);
            }
            keys.push_back(address);
            values.push_back(value);
        }
        most_ = std::max(most_, keys.size());
        must(datapath::map_update_many(inner_.get(), keys, values));
    }

    // As if the connection had been closed long enough ago.
    void make_idle(const Connection& connection) {
        ng_flow_key key{};
        key.remote = datapath::to_ng_addr(*IpAddress::parse(connection.remote));
        key.be_local_port = htons(connection.port);
        key.be_remote_port = htons(443);
        key.protocol = 6;
        if (auto flow = must(datapath::map_lookup<ng_flow>(flows_.get(), key))) {
            flow->last_seen -= (NG_IDLE_CLOSING + 1) * scene_.datapath().hz();
            must(datapath::map_update(flows_.get(), key, *flow));
            ++idle_;
        }
    }

    Scene scene_;
    Fd inner_;
    Fd flows_;
    std::vector<Connection> live_;
    std::deque<std::vector<Connection>> closed_;  // by second
};

}  // namespace

TEST_CASE("a thousand names rotate through their addresses: no live connection is dropped, and the map stays bounded") {
    const unsigned long wanted = std::min(setting("NAMEGATE_ROUNDS", kAnswers), kTenMinutes);
    Rotation rotation;
    unsigned seconds = 0;
    for (; rotation.answers_ < wanted; ++seconds) {
        rotation.second(seconds);
    }
    std::cout << seconds << " simulated seconds, " << rotation.answers_ << " responses of " << kAddresses << " addresses, TTL " << kTtl
              << " s: " << rotation.refused_ << " first packets refused, " << rotation.live() << " live connections, " << rotation.packets_
              << " exchanges on them, " << rotation.dropped_ << " packets dropped; at most " << rotation.most_ << " addresses in the map, "
              << rotation.most_after_sweep_ << " after a sweep, " << rotation.kept_by_flow_ << " of them kept by a connection\n";
    CHECK(rotation.refused_ == 0);
    CHECK(rotation.dropped_ == 0);
    CHECK(rotation.scene().count(NG_R_LEARNT_FULL) == 0);
    CHECK(rotation.idle_ > 0);
    // The live ones, and the second between two sweeps.
    CHECK(rotation.most_ <= 3 * kNames * kAddresses / 2 + kLiveFlows);
}

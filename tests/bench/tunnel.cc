// SPDX-License-Identifier: Apache-2.0
//
// How much data a pod carries out and in through DNS: a client of its own sends names of 112 bytes of data each, as fast as responses
// come, and a server answers with data, as iodine (NULL, TXT) and dnscat2 (TXT, CNAME, MX) do. Prints bytes a minute for no filter, for
// allowed names only, and with a budget of new names. With a budget the time is one minute's allowance, so the rest of the minute adds
// nothing. Ends with 1 if data gets out where none may. usage: bench_tunnel [--quick]
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "netns/mission/client.h"
#include "netns/mission/site.h"
#include "support/eventually.h"
#include "support/node_start.h"

using namespace namegate;
using namespace namegate::test;

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint16_t kTypeNull = 10;
constexpr std::size_t kLabels = 3;  // of data in a name
constexpr std::size_t kLabel = 60;  // characters, of 5 bits each
constexpr std::uint64_t kUpBytes = kLabels * kLabel * 5 / 8;
constexpr std::uint64_t kDownBytes = 200;
constexpr Milliseconds kWait{100};                     // for a response
constexpr std::uint64_t kMinuteBytes = 60 * kUpBytes;  // of the new names that the last mode allows

// What the server got and what it sent, in bytes of data.
struct Carried {
    std::uint64_t up = 0;
    std::uint64_t down = 0;
};

// A name that was never used before.
std::string data_name(std::uint64_t number, const std::string& zone) {
    std::string out;
    for (std::size_t label = 0; label < kLabels; ++label) {
        std::string text(kLabel, 'a');
        for (std::size_t i = 0; i < text.size(); ++i) {
            number = number * 6364136223846793005U + 1442695040888963407U;
            text[i] = "abcdefghijklmnopqrstuvwxyz234567"[number >> 59];
        }
        out += text + '.';
    }
    return out + zone;
}

Bytes answer_with_data(const WorldQuestion& question) {
    DnsMessage message = DnsMessage::response(question.name, question.type).id(question.id);
    if (question.type == kTypeTxt || question.type == kTypeNull) {
        Bytes data(kDownBytes + 1, 'x');
        data[0] = static_cast<std::uint8_t>(kDownBytes);
        return message.record(question.name, question.type, data).build();
    }
    if (question.type == kTypeCname) {
        return message.cname(question.name, data_name(1, "t.test")).build();
    }
    return message.a(question.name, "198.18.0.9").build();
}

class Tunnel {
  public:
    Tunnel(Site& site, std::string zone) : site_(site), zone_(std::move(zone)) {
        site_.world.set_script([this](const WorldQuestion& question) -> std::optional<std::vector<WorldReply>> {
            if (!question.name.ends_with(zone_)) {
                return std::nullopt;
            }
            ++received_;
            sent_ += down_bytes(question.type);
            return std::vector<WorldReply>{{AnswerFrom::kServer, answer_with_data(question)}};
        });
    }
    ~Tunnel() { site_.world.set_script({}); }
    Tunnel(const Tunnel&) = delete;
    Tunnel& operator=(const Tunnel&) = delete;
    Tunnel(Tunnel&&) = delete;
    Tunnel& operator=(Tunnel&&) = delete;

    Carried run(const Pod& pod, const std::vector<std::uint16_t>& types, Milliseconds time) {
        static std::uint64_t number = 0;
        const Fd udp = socket_inside(pod.netns, AF_INET, SOCK_DGRAM);
        const std::uint64_t received = received_;
        const std::uint64_t sent = sent_;
        for (const auto end = Clock::now() + time; Clock::now() < end;) {
            const std::uint16_t type = types[++number % types.size()];
            static_cast<void>(ask(udp, {data_name(number, zone_), type, kServer4, 53, kWait}));
        }
        return {(received_ - received) * kUpBytes, sent_ - sent};
    }

  private:
    static std::uint64_t down_bytes(std::uint16_t type) {
        return type == kTypeCname ? kUpBytes : type == kTypeTxt || type == kTypeNull ? kDownBytes : sizeof(in_addr);
    }

    Site& site_;
    std::string zone_;
    std::atomic<std::uint64_t> received_{0};
    std::atomic<std::uint64_t> sent_{0};  // bytes of data
};

struct Mode {
    const char* what;
    const char* settings;
    const char* zone;
    bool is_minute;  // what it carries in the time is all of a minute
    std::uint64_t most_up;
};
constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};
const Mode kModes[] = {
    {"any name", "", "t.test", false, kNoLimit},
    {"allowed names, the tunnel's is none", "dnsQueries: Allowed\n", "t.test", false, 0},
    {"allowed names, the tunnel under a wildcard", "dnsQueries: Allowed\n", "t.wild.test", false, kNoLimit},
    {"the same, 60 new names a minute", "dnsQueries: Allowed\ndnsNewNamesPerMinute: 60\n", "t.wild.test", true, kMinuteBytes},
};

bool measure(const Mode& mode, Milliseconds time) {
    Site site(mode.settings);
    site.node.write_policy("p.yaml", allow_domains("p", "app == 'a'", {"*.wild.test"}));
    site.node.start_daemon();
    site.node.kill_daemon();
    bool good = true;
    for (const auto& [client, types] : {std::pair("like iodine", std::vector<std::uint16_t>{kTypeNull, kTypeTxt}),
                                        std::pair("like dnscat2", std::vector<std::uint16_t>{kTypeTxt, kTypeCname, kTypeMx}),
                                        std::pair("addresses only", std::vector<std::uint16_t>{kTypeA})}) {
        const auto pod = site.node.add({"a", "default", {{"app", "a"}}});  // with a budget of its own
        Tunnel tunnel(site, mode.zone);
        const Carried carried = tunnel.run(*pod, types, time);
        const double minutes = mode.is_minute ? 1.0 : static_cast<double>(time.count()) / 60'000;
        const bool within = carried.up <= mode.most_up;
        std::printf("%-44s %-15s %12.0f %12.0f%s\n", mode.what, client, static_cast<double>(carried.up) / minutes,
                    static_cast<double>(carried.down) / minutes, within ? "" : "  TOO MUCH");
        good = good && within;
        site.node.remove(*pod);
    }
    return good;
}

}  // namespace

int main(int argc, char** argv) {
    const bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
    try {
        start_node();
        std::printf("\nData through DNS, bytes a minute, the daemon dead\n\n%-44s %-15s %12s %12s\n", "dnsQueries", "client", "out", "in");
        bool good = true;
        for (const Mode& mode : kModes) {
            good = measure(mode, quick ? Milliseconds(500) : Milliseconds(5'000)) && good;
        }
        return good ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_tunnel: %s\n", error.what());
        return 1;
    }
}

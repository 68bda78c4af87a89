// SPDX-License-Identifier: Apache-2.0
// The daemon's memory under an endless number of names. All of the daemon except the event loop runs here, on a clock that the test
// moves: responses pass through the attached programs and the ring buffer as in a pod's traffic.
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <utility>

#include "daemon/dns/learner.h"
#include "daemon/node.h"
#include "datapath/reader.h"
#include "node.h"
#include "support/dns_message.h"
#include "support/packet.h"
#include "support/prog_run.h"
#include "support/rounds.h"

namespace namegate::test {
namespace {

constexpr unsigned long kNamesAnHour = 10'000;
constexpr unsigned long kHours = 12;
constexpr unsigned long kShort = 15'000;  // names, unless NAMEGATE_ROUNDS says more
constexpr std::uint64_t kHourNs = 3'600'000'000'000ULL;
constexpr double kMiB = 1024.0 * 1024.0;
constexpr double kMostGrowthMiB = 20;
constexpr const char* kServer = "192.0.2.53";

#ifdef NAMEGATE_SANITIZED
constexpr bool kMeasurable = false;  // freed memory is kept in quarantine
#else
constexpr bool kMeasurable = true;
#endif

// Starts with the real time, so that the kernel's expiries are valid, and runs ahead of it.
class ScriptedClock final : public Clock {
  public:
    ScriptedClock() : boot_ns_(SystemClock().boot_ns()) {}
    std::uint64_t boot_ns() const override { return boot_ns_; }
    std::int64_t wall_seconds() const override { return SystemClock().wall_seconds(); }
    void advance(std::uint64_t ns) { boot_ns_ += ns; }

  private:
    std::uint64_t boot_ns_;
};

double resident_mib() {
    std::ifstream statm("/proc/self/statm");
    unsigned long size = 0;
    unsigned long resident = 0;
    statm >> size >> resident;
    return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / kMiB;
}

const std::string kPolicy =
    "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: grows}\nspec:\n  selector: all()\n  types: [Egress]\n"
    "  egress:\n  - {action: Allow, protocol: UDP, destination: {ports: [53]}}\n"
    "  - {action: Allow, destination: {domains: ['*.allowed.test']}}\n";

// One pod that looks up an endless number of names.
class Load {
  public:
    Load(daemon::Node& node, endpoints::Record record) : node_(node), record_(std::move(record)) {}

    void resolve(unsigned long number) {
        const std::string name = "n" + std::to_string(number) + (number % 2 == 0 ? ".allowed.test" : ".other.test");
        auto answer = DnsMessage::response(name).id(static_cast<std::uint16_t>(number));
        std::string owner = name;
        if (number % 3 == 0) {
            owner = "edge" + std::to_string(number) + ".cdn.test";
            answer.ttl(3600).cname(name, owner);
        }
        answer.ttl(30U << number % 7);  // half a minute to half an hour
        for (unsigned long i = 0; i <= number % 4; ++i) {
            const unsigned long index = number * 4 + i;
            answer.a(owner, "100." + std::to_string(64 + index / 65'536) + "." + std::to_string(index / 256 % 256) + "." +
                                std::to_string(index % 256));
        }
        const std::string pod = record_.addresses.front().to_string();
        const auto port = static_cast<std::uint16_t>(1024 + number % 60'000);
        const Bytes question = DnsMessage::query(name).id(static_cast<std::uint16_t>(number)).build();
        run(datapath::ProgramId::kPodEgress, Packet().ethernet(record_.mac, kHostMac).ip(pod, kServer).udp(port, 53).payload(question));
        run(datapath::ProgramId::kPodIngress,
            Packet().ethernet(kHostMac, record_.mac).ip(kServer, pod).udp(53, port).payload(answer.build()));
    }

  private:
    void run(datapath::ProgramId program, const Packet& packet) {
        run_program(must(node_.datapath().program(program)), packet.build(), record_.host_ifindex);
    }

    daemon::Node& node_;
    endpoints::Record record_;
};

}  // namespace

TEST_CASE("ten thousand new names an hour: the daemon's memory follows the live names, not all names") {
    DaemonNode files;
    const TestNetns pod;
    files.write(files.policies() + "/a.yaml", kPolicy);
    REQUIRE(files.cni("ADD", "grows", pod.path()).status == 0);
    ScriptedClock clock;
    const auto node = must(daemon::Node::open(must(config::load_config(files.config_path())), clock));
    const auto learner = must(daemon::Learner::create(*node));
    learner->set_sink([&](const ng_event& event, std::span<const std::uint8_t> payload) { learner->process(event, payload); });
    REQUIRE(node->records().size() == 1);
    const endpoints::Record record = node->records().begin()->second;
    Load load(*node, record);

    const unsigned long names = std::min(setting("NAMEGATE_ROUNDS", kShort), kNamesAnHour * kHours);
    const double before = resident_mib();
    std::size_t most_names = 0;
    std::size_t most_learnt = 0;
    std::uint64_t tick_due = clock.boot_ns();
    for (unsigned long number = 0; number < names; ++number) {
        load.resolve(number);
        clock.advance(kHourNs / kNamesAnHour);
        if (number % 64 == 0) {
            learner->read();
        }
        for (; tick_due <= clock.boot_ns(); tick_due += 1'000'000'000) {
            node->tick();
        }
        if (number % 1000 == 0) {
            most_names = std::max(most_names, node->cache().stats().names);
            most_learnt = std::max(most_learnt, must(datapath::read_learnt(node->datapath(), record.slot)).size());
        }
    }
    learner->read();
    const double after = resident_mib();
    std::cout << names << " names in " << static_cast<double>(names) / static_cast<double>(kNamesAnHour)
              << " simulated hours: resident memory " << before << " MiB before, " << after << " MiB after; at most " << most_names
              << " names in the cache, " << most_learnt << " addresses in the endpoint's map\n";
    CHECK(learner->stats().responses == names);
    CHECK(learner->stats().malformed == 0);
    CHECK(most_names > 1000);
    CHECK(most_names < kNamesAnHour);
    if (kMeasurable) {
        CHECK(after - before < kMostGrowthMiB);
    }
    CHECK(node->health().problems().empty());
    CHECK(files.cni("DEL", "grows", pod.path()).status == 0);
}

}  // namespace namegate::test

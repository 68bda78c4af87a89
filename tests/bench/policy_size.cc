// SPDX-License-Identifier: Apache-2.0
//
// What the size of a policy costs a packet: the verdict of a new flow, and an established flow, with growing numbers of rules,
// learned addresses and prefixes. Nanoseconds more than an empty program, by BPF_PROG_TEST_RUN, median of some runs.
#include <array>
#include <cstdio>
#include <cstring>

#include "bpf/traffic.h"
#include "datapath/pattern_id.h"
#include "measure.h"

using namespace namegate;
using namespace namegate::test;
using namegate::bench::median;

namespace {

constexpr std::uint16_t kPort = 443;
constexpr std::uint16_t kServerPort = 5353;  // of a trusted DNS server: a datagram to it is judged, and no flow is kept
// Among the numbered ones, so that the lookup of a prefix goes as deep as possible.
constexpr const char* kRemote4 = "100.64.0.5";
constexpr const char* kRemote6 = "2001:db8:1000:5::";

struct Family {
    const char* remote;
    bool v6;
};
constexpr Family kFamilies[] = {{kRemote4, false}, {kRemote6, true}};

std::string numbered_address(unsigned i, bool v6) {
    const std::string low = std::to_string(i & 255);
    const std::string middle = std::to_string(i >> 8 & 255);
    if (v6) {
        std::array<char, 64> text{};
        std::snprintf(text.data(), text.size(), "2001:db8:%x:%x::", 0x1000 + (i >> 12), i & 0xfff);
        return text.data();
    }
    return "100." + std::to_string(64 + (i >> 16)) + "." + middle + "." + low;
}

class SizeBench {
  public:
    explicit SizeBench(bool quick) : repeats_(quick ? 50'000 : 300'000), runs_(quick ? 3 : 7), scene_(Scene::weather_pod(), options()) {
        must(datapath::set_trusted(scene_.datapath(),
                                   {{*IpPrefix::parse(kRemote4), kServerPort}, {*IpPrefix::parse(kRemote6), kServerPort}}));
    }

    void run() {
        std::printf("\nSize of a policy: ns a packet, net of an empty program, median of %u runs\n\n%-46s %9s %9s %12s %12s\n", runs_, "",
                    "verdict4", "verdict6", "known4", "known6");
        for (const unsigned rules : {1U, 10U, 100U, 1000U}) {
            scene_.apply(rules_before(rules - 1));
            row(std::to_string(rules) + (rules == 1 ? " rule" : " rules"));
        }
        for (const unsigned count : {10U, 1000U, 100'000U}) {
            scene_.apply(domain_policy("example.com"));
            learn(count);
            row(std::to_string(count) + " learnt addresses");
        }
        for (const unsigned count : {10U, 1000U, 100'000U}) {
            scene_.apply(set_policy(count));
            row(std::to_string(count) + " prefixes of a set, each family");
        }
        std::printf(
            "\nverdict: a datagram that is judged and leaves no flow; known: a packet of an established flow. 4 and 6: the family.\n");
    }

  private:
    static datapath::DatapathOptions options() {
        datapath::DatapathOptions out;
        out.learnt_per_endpoint = 1U << 18;
        return out;
    }
    double timed(datapath::ProgramId program, const Bytes& frame) {
        return scene_.run(program, frame, static_cast<int>(repeats_)).duration_ns;
    }
    double net(const Bytes& frame) {
        std::vector<double> runs;
        for (unsigned i = 0; i < runs_; ++i) {
            const double floor = timed(datapath::ProgramId::kEmpty, frame);
            runs.push_back(timed(datapath::ProgramId::kPodEgress, frame) - floor);
        }
        return median(runs);
    }
    static void must_pass(bool passed, const std::string& what) {
        if (!passed) {
            throw std::runtime_error("a packet of the benchmark did not pass: " + what);
        }
    }
    void row(const std::string& what) {
        double fresh[2] = {};
        double known[2] = {};
        for (const Family& family : kFamilies) {
            const Bytes first = from_pod(family.remote).udp(50000, kServerPort).payload("x").build();
            must_pass(scene_.connects(family.remote, kPort), what);
            const Bytes later = tcp_out(family.remote, kPort, kAck);
            must_pass(scene_.egress(first).passed() && scene_.egress(later).passed(), what);
            fresh[family.v6] = net(first);
            known[family.v6] = net(later);
        }
        std::printf("%-46s %9.0f %9.0f %12.0f %12.0f\n", what.c_str(), fresh[0], fresh[1], known[0], known[1]);
    }

    // Rules that do not match, with every kind of condition, before the one that does.
    static std::string rules_before(unsigned count) {
        std::string out =
            "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: p}\nspec:\n  types: [Egress]\n  egress:\n";
        for (unsigned i = 0; i < count; ++i) {
            const bool v6 = i % 3 == 2;
            out += "  - {action: Deny, protocol: " + std::string(i % 2 == 0 ? "TCP" : "UDP") + ", destination: {nets: [" +
                   numbered_address(i, v6) + (v6 ? "/64" : "/28") + "], ports: [" + std::to_string(1000 + i) + "]}}\n";
        }
        return out + "  - {action: Allow}\n";
    }
    // In flow style: a hundred thousand of them have to fit into one file.
    static std::string set_of(const char* name, const char* remote, unsigned count, bool v6) {
        std::string out = "---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: " + std::string(name) +
                          ", labels: {use: x}}\nspec:\n  nets: ['" + remote + "'";
        for (unsigned i = 1; i < count; ++i) {
            out += ",'" + numbered_address(i, v6) + "'";
        }
        return out + "]\n";
    }
    static std::string set_policy(unsigned count) {
        return egress_policy({"{action: Allow, destination: {selector: use == \"x\"}}"}) + set_of("four", kRemote4, count, false) +
               set_of("six", kRemote6, count, true);
    }
    void learn(unsigned count) {
        const auto pattern = policy::DomainPattern::parse("example.com");
        datapath::LearntFill fill;
        fill.pattern = datapath::pattern_id(scene_.datapath().seed(), *pattern);
        const std::uint32_t now = datapath::tick_of(must(datapath::read_clock(scene_.datapath())).boot_ns);
        fill.expiry = now + 1'000'000;
        fill.server = *IpAddress::parse(kDns4);
        auto learnt = must(datapath::LearntWriter::open(scene_.datapath(), scene_.identity().slot));
        const auto add = [&](const std::string& address) {
            fill.address = *IpAddress::parse(address);
            must(learnt.insert(fill, now));
        };
        add(kRemote4);
        add(kRemote6);
        for (; learnt_ < count; ++learnt_) {
            add(numbered_address(learnt_, learnt_ % 2 == 1));
        }
    }

    unsigned repeats_;
    unsigned runs_;
    Scene scene_;
    unsigned learnt_ = 2;
};

}  // namespace

int main(int argc, char** argv) {
    try {
        bench::pin_to_one_cpu();
        SizeBench(argc > 1 && std::strcmp(argv[1], "--quick") == 0).run();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_policy_size: %s\n", error.what());
        return 1;
    }
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
//
// What the size of a policy costs a packet: the verdict of a new flow, and an established flow, with more and more
// rules, learnt addresses and prefixes. Nanoseconds over an empty program, by BPF_PROG_TEST_RUN, median of some runs.
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
constexpr const char* kRemote4 = "203.0.113.1";
constexpr const char* kRemote6 = "2001:db8:113::1";

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
        std::snprintf(text.data(), text.size(), "2001:db8:%x:%x::%x", 0x1000 + (i >> 12), i & 0xfff, i);
        return text.data();
    }
    return "100." + std::to_string(64 + (i >> 16)) + "." + middle + "." + low;
}

class SizeBench {
  public:
    explicit SizeBench(bool quick) : repeats_(quick ? 50'000 : 300'000), runs_(quick ? 3 : 7), scene_(Scene::weather_pod(), options()) {}

    void run() {
        std::printf("\nSize of a policy: ns a packet, net of an empty program, median of %u runs\n\n%-46s %9s %9s %12s %12s\n", runs_, "",
                    "new, v4", "new, v6", "known, v4", "known, v6");
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
        std::printf("\nnew: the first packet of a flow, with its insert, the same one each time; known: one of an established flow.\n");
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
    void row(const std::string& what) {
        double fresh[2] = {};
        double known[2] = {};
        for (const Family& family : kFamilies) {
            const Bytes first = tcp_out(family.remote, kPort);
            const Bytes later = tcp_out(family.remote, kPort, kAck);
            if (!scene_.egress(first).passed() || !scene_.egress(later).passed()) {
                throw std::runtime_error("a packet of the benchmark did not pass: " + what);
            }
            fresh[family.v6] = net(first);
            known[family.v6] = net(later);
        }
        std::printf("%-46s %9.0f %9.0f %12.0f %12.0f\n", what.c_str(), fresh[0], fresh[1], known[0], known[1]);
    }

    // Rules that do not match, of all that a rule may ask for, before the one that does.
    static std::string rules_before(unsigned count) {
        std::string out =
            "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: p}\nspec:\n  types: [Egress]\n  egress:\n";
        for (unsigned i = 0; i < count; ++i) {
            const bool v6 = i % 3 == 2;
            out += "  - {action: Deny, protocol: " + std::string(i % 2 == 0 ? "TCP" : "UDP") + ", destination: {nets: [" +
                   numbered_address(i, v6) + (v6 ? "/64" : "/28") + "], ports: [" + std::to_string(1000 + i) + "]}}\n";
        }
        return out + "  - {action: Allow, protocol: TCP, destination: {ports: [443]}}\n";
    }
    static std::string set_policy(unsigned count) {
        const auto set = [](const char* name, const std::string& content) {
            return "---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: " + std::string(name) +
                   ", labels: {use: x}}\nspec:\n  nets:\n" + content;
        };
        std::string v4;
        std::string v6;
        for (unsigned i = 0; i < count; ++i) {
            v4 += "  - " + numbered_address(i, false) + "\n";
            v6 += "  - " + numbered_address(i, true) + "\n";
        }
        v4.replace(0, v4.find('\n'), "  - " + std::string(kRemote4));
        v6.replace(0, v6.find('\n'), "  - " + std::string(kRemote6));
        return egress_policy({"{action: Allow, protocol: TCP, destination: {selector: use == \"x\", ports: [443]}}"}) + set("four", v4) +
               set("six", v6);
    }
    void learn(unsigned count) {
        const auto pattern = policy::DomainPattern::parse("example.com");
        datapath::LearntFill fill;
        fill.pattern = datapath::pattern_id(scene_.datapath().seed(), *pattern);
        const std::uint32_t now = datapath::tick_of(must(datapath::read_clock(scene_.datapath())).boot_ns);
        fill.expiry = now + 1'000'000;
        fill.server = *IpAddress::parse(kDns4);
        const auto add = [&](const std::string& address) {
            fill.address = *IpAddress::parse(address);
            must(datapath::insert_learnt(scene_.datapath(), scene_.identity().slot, fill, now));
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

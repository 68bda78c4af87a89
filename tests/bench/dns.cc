// SPDX-License-Identifier: Apache-2.0
//
// The cost of a pod's lookup: through nothing, through namegate, and through dnsmasq, alone and with an nftables set to fill. Pods,
// a DNS server and the proxies are in separate network namespaces; the paths take turns, so that other load on the machine affects
// all of them. usage: bench_dns [--pinned] [--quick]
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "measure.h"
#include "netns/mission/client.h"
#include "netns/mission/process.h"
#include "netns/mission/site.h"
#include "support/node_start.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr unsigned kLookups = 20'000;
constexpr unsigned kTurn = 250;    // lookups on one path before the next has its turn
constexpr unsigned kNames = 2048;  // of one path; each has a separate address
constexpr const char* kPlainPod = "10.88.250.2";
constexpr std::uint16_t kProxyPort = 5301;
constexpr std::uint16_t kNftsetPort = 5302;

// A container without namegate: a veth, an address, a route.
class PlainPod {
  public:
    PlainPod() {
        must_run("ip link add plain0 type veth peer name eth0 netns " + netns_.name());
        must_run("ip link set plain0 up && ip address add 169.254.9.1/32 dev plain0 && ip route add " + std::string(kPlainPod) +
                 " dev plain0");
        netns_.must("ip address add " + std::string(kPlainPod) + "/32 dev eth0");
        netns_.must("ip link set eth0 up");
        netns_.must("ip route add 169.254.9.1 dev eth0");
        netns_.must("ip route add default via 169.254.9.1");
    }
    ~PlainPod() { run_command("ip link del plain0"); }
    PlainPod(const PlainPod&) = delete;
    PlainPod& operator=(const PlainPod&) = delete;
    PlainPod(PlainPod&&) = delete;
    PlainPod& operator=(PlainPod&&) = delete;

    const TestNetns& netns() const { return netns_; }

  private:
    TestNetns netns_;
};

std::unique_ptr<Process> dnsmasq(std::uint16_t port, const std::string& more) {
    ProcessOptions options;
    options.arguments = {"/usr/sbin/dnsmasq",
                         "--no-daemon",
                         "--conf-file=/dev/null",
                         "--no-resolv",
                         "--no-hosts",
                         "--user=root",
                         "--pid-file=",
                         "--cache-size=0",
                         "--bind-interfaces",
                         std::string("--listen-address=") + kNodeAddress4,
                         "--port=" + std::to_string(port),
                         std::string("--server=") + kServer4};
    if (!more.empty()) {
        options.arguments.push_back(more);
    }
    return std::make_unique<Process>(options);
}

// One path of a lookup.
class Way {
  public:
    Way(std::string title, const TestNetns& netns, const char* server, std::uint16_t port, std::function<std::string(unsigned)> name)
        : title_(std::move(title)),
          socket_(socket_inside(netns, AF_INET, SOCK_DGRAM)),
          server_{"", kTypeA, server, port},
          name_(std::move(name)) {}

    void warm_up() {
        for (unsigned i = 0; i < kNames; ++i) {
            if (!look_up(i)) {
                throw std::runtime_error(title_ + ": no answer");
            }
        }
        took_us_.clear();
    }
    void turn(unsigned lookups) {
        for (unsigned i = 0; i < lookups; ++i) {
            failed_ += look_up(next_++) ? 0U : 1U;
        }
    }
    void print(double base) const {
        const double middle = bench::median(took_us_);
        std::printf("  %-46s %8zu %10.2f %10.2f %+10.2f %8u\n", title_.c_str(), took_us_.size(), middle, bench::percentile(took_us_, 99),
                    middle - base, failed_);
    }
    double median() const { return bench::median(took_us_); }

  private:
    bool look_up(unsigned number) {
        Question question = server_;
        question.name = name_(number % kNames);
        const auto begin = SteadyClock::now();
        const auto answer = ask(socket_, question);
        took_us_.push_back(std::chrono::duration<double, std::micro>(SteadyClock::now() - begin).count());
        return answer && !answer->addresses.empty();
    }

    std::string title_;
    Fd socket_;
    Question server_;
    std::function<std::string(unsigned)> name_;
    std::vector<double> took_us_;
    unsigned next_ = 0;
    unsigned failed_ = 0;
};

std::string plain_name(unsigned number) { return World::fresh_name(number, 0, "allowed.test"); }
std::string disordered_name(unsigned number) { return "d" + std::to_string(number) + ".allowed.test"; }

// The address first, then the CNAME that leads to it: the kernel does not decide this.
std::optional<std::vector<WorldReply>> disordered_answer(const WorldQuestion& question) {
    if (question.name.front() != 'd') {
        return std::nullopt;
    }
    const auto number = static_cast<unsigned>(std::stoul(question.name.substr(1)));
    const std::string owner = "t" + std::to_string(number) + ".cdn.test";
    const std::string address = World::fresh_address(kNames + number, false).to_string();
    const Bytes message =
        DnsMessage::response(question.name, question.type).id(question.id).a(owner, address).cname(question.name, owner).build();
    return std::vector<WorldReply>{{AnswerFrom::kServer, message}};
}

// Is the address of such a response open as soon as the response arrives? The daemon decides before the pod sees it, or not.
bool held(const Pod& pod) {
    const auto answer = resolve(pod, disordered_name(kNames));
    return answer && !answer->addresses.empty() && connects_from(pod.netns, answer->addresses.front(), kTcpPort, kBeforeRepeat);
}

void run(bool pinned, unsigned lookups) {
    Site site;
    site.world.set_script(disordered_answer);
    site.node.write_policy("policy.yaml", allow_domains("bench", "all()", {"*.allowed.test"}));
    site.node.start_daemon();
    const auto pod = site.node.add({"pod", "default", {}});
    const PlainPod plain;
    must_run("nft add table inet bench && nft add set inet bench names '{ type ipv4_addr; }'");
    const auto proxy = dnsmasq(kProxyPort, "");
    const auto nftset = dnsmasq(kNftsetPort, "--nftset=/allowed.test/4#inet#bench#names");
    std::array<Way, 5> ways{Way("none", plain.netns(), kServer4, 53, plain_name),
                            Way("namegate, decided in the kernel", pod->netns, kServer4, 53, plain_name),
                            Way(std::string("namegate, decided by the daemon: ") + (held(*pod) ? "held" : "not held"), pod->netns, kServer4,
                                53, disordered_name),
                            Way("dnsmasq, a proxy", plain.netns(), kNodeAddress4, kProxyPort, plain_name),
                            Way("dnsmasq --nftset", plain.netns(), kNodeAddress4, kNftsetPort, plain_name)};
    if (!eventually([&] {
            return ask_from(plain.netns(), {plain_name(0), kTypeA, kNodeAddress4, kNftsetPort, Milliseconds(200)}).has_value();
        })) {
        throw std::runtime_error("dnsmasq does not answer");
    }
    for (Way& way : ways) {
        way.warm_up();
    }
    for (unsigned done = 0; done < lookups; done += kTurn) {
        for (Way& way : ways) {
            way.turn(kTurn);
        }
    }
    std::printf("\nA DNS lookup in a pod, %s, %u names\n  %-46s %8s %10s %10s %10s %8s\n", pinned ? "everything on one CPU" : "on all CPUs",
                kNames, "", "lookups", "median us", "p99 us", "more us", "failed");
    for (const Way& way : ways) {
        way.print(ways[0].median());
    }
    const double base = ways[0].median();
    const double kernel = ways[1].median() - base;
    std::printf("  the kernel path adds %.2f us, %.0f %% of a lookup; dnsmasq --nftset adds %.0f times as much\n", kernel,
                100 * kernel / base, (ways[4].median() - base) / kernel);
    site.node.remove(*pod);
}

}  // namespace

int main(int count, char** arguments) {
    bool pinned = false;
    unsigned lookups = kLookups;
    for (int i = 1; i < count; ++i) {
        const std::string_view argument = arguments[i];
        pinned = pinned || argument == "--pinned";
        lookups = argument == "--quick" ? kLookups / 10 : lookups;
    }
    try {
        if (pinned) {
            bench::pin_to_one_cpu();
        }
        start_node();
        run(pinned, lookups);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_dns: %s\n", error.what());
        return 1;
    }
    return 0;
}

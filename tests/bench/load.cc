// SPDX-License-Identifier: Apache-2.0
//
// What a pod that sends much costs the daemon and another pod: 50,000 denied packets a second, then 20,000 new connections a second
// with the flow log on. Prints the daemon's share of a core, how long lookups of another pod take with and without the load, in pairs
// of phases that follow each other, and whether every packet and flow was counted. Everything is inside network namespaces of its own
// and lasts seconds. Ends with 1 if a count is wrong. usage: bench_load [--quick]
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "measure.h"
#include "netns/mission/client.h"
#include "netns/mission/process.h"
#include "netns/mission/site.h"
#include "support/eventually.h"
#include "support/node_start.h"
#include "support/packet.h"
#include "support/scrape.h"
#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr std::uint16_t kMetricsPort = 9464;
constexpr unsigned kPairs = 6;
constexpr Milliseconds kPhase{1'500};
constexpr unsigned kNames = 256;
constexpr unsigned kTick = 1'000;           // bursts of a second
constexpr std::uint16_t kClosedPort = 444;  // the world refuses connections to it, which ends their flows
constexpr const char* kDeniedPeer = "203.0.113.7";
constexpr const char* kAllowedPeer = "198.18.77.7";

// Sends the frames in turn, so many a second, from a thread inside the pod.
class Sender {
  public:
    Sender(const Pod& pod, std::vector<Bytes> frames, unsigned rate) : frames_(std::move(frames)), rate_(rate) {
        fd_ = socket_inside(pod.netns, AF_PACKET, SOCK_RAW, 0);
        run_inside(pod.netns, [this] {
            to_.sll_family = AF_PACKET;
            to_.sll_ifindex = static_cast<int>(::if_nametoindex("eth0"));
        });
        if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&to_), sizeof to_) != 0) {
            throw std::runtime_error("binding a packet socket");
        }
    }
    ~Sender() { stop(); }
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;
    Sender(Sender&&) = delete;
    Sender& operator=(Sender&&) = delete;

    void start() {
        over_ = false;
        thread_ = std::thread([this] { run(); });
    }
    void stop() {
        over_ = true;
        if (thread_.joinable()) {
            thread_.join();
        }
    }
    std::uint64_t sent() const { return sent_; }

  private:
    void run() {
        const auto begin = SteadyClock::now();
        std::uint64_t in_this_run = 0;
        while (!over_) {
            const std::chrono::duration<double> passed = SteadyClock::now() - begin;
            const auto due = static_cast<std::uint64_t>(passed.count() * rate_);
            // A late thread catches up, but by no more than a tenth of a second's packets at once.
            for (std::uint64_t i = 0; i < rate_ / 10 && in_this_run < due; ++i) {
                const Bytes& frame = frames_[sent_ % frames_.size()];
                if (::send(fd_.get(), frame.data(), frame.size(), 0) == static_cast<ssize_t>(frame.size())) {
                    ++sent_;
                    ++in_this_run;
                }
            }
            std::this_thread::sleep_for(std::chrono::microseconds(1'000'000 / kTick));
        }
    }

    std::vector<Bytes> frames_;
    unsigned rate_;
    Fd fd_;
    sockaddr_ll to_{};
    std::atomic<bool> over_{true};
    std::atomic<std::uint64_t> sent_{0};
    std::thread thread_;
};

Mac mac_of(const nlohmann::json& interface) {
    const std::string text = interface["mac"];
    Mac mac{};
    for (std::size_t i = 0; i < mac.size(); ++i) {
        mac[i] = static_cast<std::uint8_t>(std::stoul(text.substr(i * 3, 2), nullptr, 16));
    }
    return mac;
}

Packet frame_of(const Pod& pod, const std::string& peer) {
    return Packet().ethernet(mac_of(pod.result["interfaces"][1]), mac_of(pod.result["interfaces"][0])).ip(pod.v4.to_string(), peer);
}

std::vector<Bytes> denied_frames(const Pod& pod) {
    std::vector<Bytes> out;
    for (unsigned i = 0; i < 1'000; ++i) {
        out.push_back(frame_of(pod, kDeniedPeer).udp(static_cast<std::uint16_t>(20'000 + i), 9).payload("denied").build());
    }
    return out;
}

// Each begins a connection that no earlier one had while that may still be in the table of 8,192 flows.
std::vector<Bytes> syn_frames(const Pod& pod) {
    std::vector<Bytes> out;
    for (unsigned i = 0; i < 40'000; ++i) {
        out.push_back(frame_of(pod, kAllowedPeer).tcp(static_cast<std::uint16_t>(10'000 + i), kClosedPort, kSyn).build());
    }
    return out;
}

double daemon_cpu_ns(pid_t pid) {
    double ns = 0;
    std::ifstream("/proc/" + std::to_string(pid) + "/schedstat") >> ns;
    return ns;
}

// The median time of lookups, one after the other, for one phase.
double look_up_us(const Fd& socket) {
    std::vector<double> took;
    const auto end = SteadyClock::now() + kPhase;
    for (unsigned i = 0; SteadyClock::now() < end; ++i) {
        const auto begin = SteadyClock::now();
        const auto answer = ask(socket, {World::fresh_name(i % kNames, 0, "allowed.test"), kTypeA, kServer4});
        if (answer) {
            took.push_back(std::chrono::duration<double, std::micro>(SteadyClock::now() - begin).count());
        }
    }
    return bench::median(took);
}

struct Figures {
    std::vector<double> quiet_us;
    std::vector<double> loaded_us;
    std::vector<double> ratios;
    double daemon_ns = 0;
    double quiet_daemon_ns = 0;
    double loaded_ns = 0;
};

Figures measure(Sender& sender, const Fd& socket, pid_t daemon, unsigned pairs) {
    Figures out;
    look_up_us(socket);
    for (unsigned i = 0; i < pairs; ++i) {
        const double quiet_before = daemon_cpu_ns(daemon);
        out.quiet_us.push_back(look_up_us(socket));
        const double before = daemon_cpu_ns(daemon);
        const auto begin = SteadyClock::now();
        sender.start();
        out.loaded_us.push_back(look_up_us(socket));
        sender.stop();
        out.daemon_ns += daemon_cpu_ns(daemon) - before;
        out.quiet_daemon_ns += before - quiet_before;
        out.loaded_ns += std::chrono::duration<double, std::nano>(SteadyClock::now() - begin).count();
        out.ratios.push_back(out.loaded_us.back() / out.quiet_us.back());
    }
    return out;
}

void print(const char* what, const Figures& figures, std::uint64_t sent, double goal) {
    std::printf("%s: %.0f a second\n", what, static_cast<double>(sent) / (figures.loaded_ns / 1e9));
    std::printf("  the daemon uses %.1f %% of a core (goal: under %.0f %%), and %.1f %% for the lookups alone\n",
                100 * figures.daemon_ns / figures.loaded_ns, goal, 100 * figures.quiet_daemon_ns / figures.loaded_ns);
    std::printf("  a lookup takes %.1f us without and %.1f us with it, %+.1f %% by the median of %zu pairs (goal: at most +5 %%)\n",
                bench::median(figures.quiet_us), bench::median(figures.loaded_us), 100 * (bench::median(figures.ratios) - 1),
                figures.ratios.size());
}

bool check(const char* what, double counted, double sent) {
    std::printf("  %s: %.0f of %.0f%s\n", what, counted, sent, counted == sent ? "" : ": WRONG");
    return counted == sent;
}

double program_counter(const std::string& name) { return new_scrape(kMetricsPort).at("namegate_program_" + name + "_total"); }

bool denied_load(Node& node, unsigned pairs) {
    const auto loud = node.add({"loud", "default", {}});
    const auto other = node.add({"other", "default", {}});
    const Fd socket = socket_inside(other->netns, AF_INET, SOCK_DGRAM);
    const double before = program_counter("denied");
    Sender sender(*loud, denied_frames(*loud), 50'000);
    const Figures figures = measure(sender, socket, node.daemon()->pid(), pairs);
    print("denied packets on one interface", figures, sender.sent(), 10);
    return check("counted as denied", program_counter("denied") - before, static_cast<double>(sender.sent()));
}

// Lines of the flow log by the kind of the event, with those that are missing.
struct Lines {
    double begun = 0;
    double ended = 0;
    double missing = 0;
};
Lines read_lines(const std::string& folder) {
    Lines out;
    const auto count = [&folder](const std::string& pattern) {
        return std::stod(must_run("cat " + folder + "/flows.jsonl* | grep -c -- '" + pattern + "' || true"));
    };
    const std::string to_closed = "\"port\":" + std::to_string(kClosedPort);
    out.begun = count("\"action\":\"flow\".*" + to_closed);
    out.ended = count("\"action\":\"flow-ended\".*" + to_closed);
    out.missing = count("\"action\":\"lost\"");
    return out;
}

bool flow_load(Node& node, const std::string& folder, unsigned pairs) {
    const auto loud = node.add({"busy", "default", {}});
    const auto other = node.add({"calm", "default", {}});
    const Fd socket = socket_inside(other->netns, AF_INET, SOCK_DGRAM);
    const double allowed_before = program_counter("allowed");
    const double lost_before = program_counter("flow_event_lost");
    Sender sender(*loud, syn_frames(*loud), 20'000);
    const Figures figures = measure(sender, socket, node.daemon()->pid(), pairs);
    print("new flows with the flow log on", figures, sender.sent(), 50);
    const auto sent = static_cast<double>(sender.sent());
    Lines lines;
    static_cast<void>(eventually(
        [&] {
            lines = read_lines(folder);
            return lines.begun + lines.ended >= 2 * sent;
        },
        Milliseconds(6'000)));
    const double lost = program_counter("flow_event_lost") - lost_before;
    std::printf("  lines: %.0f flows begun, %.0f ended; %.0f events found no room\n", lines.begun, lines.ended, lost);
    bool good = check("counted as allowed", program_counter("allowed") - allowed_before, sent);
    good = check("begun and ended in the log, and without room, together", lines.begun + lines.ended + lost, 2 * sent) && good;
    return check("lines lost", lines.missing, 0) && good;
}

bool run(unsigned pairs) {
    const TempDir logs;
    Site site("metricsAddress: 127.0.0.1:9464\nflowLog: {path: " + logs.path() +
              "/flows.jsonl, events: [denied, flow, flow-ended], maxSizeMB: 1000}\n");
    site.node.write_policy("policy.yaml", allow_domains("bench", "all()", {"*.allowed.test"}) +
                                              "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: closed}\n"
                                              "spec: {types: [Egress], egress: [{action: Allow, protocol: TCP, destination: {nets: [" +
                                              kAllowedPeer + "/32], ports: [" + std::to_string(kClosedPort) + "]}}]}\n");
    site.node.start_daemon();
    const bool denied = denied_load(site.node, pairs);
    return flow_load(site.node, logs.path(), pairs) && denied;
}

}  // namespace

int main(int count, char** arguments) {
    const bool quick = count > 1 && std::string_view(arguments[1]) == "--quick";
    try {
        start_node();
        return run(quick ? 2 : kPairs) ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_load: %s\n", error.what());
        return 1;
    }
}

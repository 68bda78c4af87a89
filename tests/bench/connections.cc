// SPDX-License-Identifier: Apache-2.0
//
// What a pod's TCP connections cost end to end: connections a second (connect, a hello of 517 bytes, its answer, close), requests a
// second on one connection, and the throughput of one, of pods in turn: with a veth pair and nothing else, with two empty programs, with
// namegate open, enforced by name, and bound to TLS names (require), and behind an nft set with connection tracking in a node of its
// own. Many short rounds; each is divided by that of the plain veth pair beside it. Prints the median of the ratios and its 95 %
// interval. usage: bench_connections [--quick]
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "measure.h"
#include "netns/mission/client.h"
#include "netns/mission/site.h"
#include "reference_pods.h"
#include "support/node_start.h"
#include "support/tls_hello.h"

using namespace namegate;
using namespace namegate::test;
using bench::median;
using Clock = std::chrono::steady_clock;

namespace {

constexpr const char* kServer = "198.18.0.80";
constexpr std::uint16_t kPort = 8443;
constexpr const char* kName = "api.weather.com";
constexpr std::size_t kHelloBytes = 517;
constexpr std::size_t kBlock = 256 * 1024;

TlsBytes hello() {
    const std::size_t bare = ClientHello(kName).record().size();
    return ClientHello(kName).padding(kHelloBytes - bare - 4).record();
}

void check(bool good, const char* what) {
    if (!good) {
        throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
    }
}

bool read_all(int fd, std::size_t bytes) {
    char buffer[kBlock];
    while (bytes > 0) {
        const ssize_t got = ::read(fd, buffer, std::min(bytes, sizeof buffer));
        if (got <= 0) {
            return false;
        }
        bytes -= static_cast<std::size_t>(got);
    }
    return true;
}

bool write_all(int fd, const std::uint8_t* data, std::size_t bytes) {
    while (bytes > 0) {
        const ssize_t put = ::send(fd, data, bytes, MSG_NOSIGNAL);
        if (put <= 0) {
            return false;
        }
        data += put;
        bytes -= static_cast<std::size_t>(put);
    }
    return true;
}

// That blocks, in the calling thread's namespace.
Fd stream() {
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    check(fd.get() >= 0, "socket");
    return fd;
}

// Answers a hello with a ServerHello, then each request byte with a byte; a request 'S' swallows what follows.
class Server {
  public:
    explicit Server(const World& world) {
        run_inside(world.netns(), [&] { listener_ = stream(); });
        const int on = 1;
        ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_port = htons(kPort);
        check(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0, "bind");
        check(::listen(listener_.get(), 512) == 0, "listen");
        thread_ = std::thread([this] { serve(); });
    }
    ~Server() {
        stop_ = true;
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    Server(Server&&) = delete;
    Server& operator=(Server&&) = delete;

  private:
    void serve() {
        const TlsBytes answer = server_hello();
        while (!stop_) {
            const Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            const int on = 1;
            ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            if (client.get() < 0 || !read_all(client.get(), kHelloBytes) || !write_all(client.get(), answer.data(), answer.size())) {
                continue;
            }
            for (char request = 0; ::read(client.get(), &request, 1) == 1;) {
                if (request == 'S') {
                    char buffer[kBlock];
                    while (::read(client.get(), buffer, sizeof buffer) > 0) {
                    }
                    break;
                }
                if (::send(client.get(), &request, 1, MSG_NOSIGNAL) != 1) {
                    break;
                }
            }
        }
    }

    Fd listener_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

// From where, and to which address.
struct Path {
    const TestNetns* netns;
    const char* server;
};

// The connection after its hello, in the calling thread's namespace.
Fd open_connection(const char* server) {
    static const TlsBytes kHello = hello();
    static const std::size_t kAnswer = server_hello().size();
    Fd fd = stream();
    const int on = 1;
    const linger at_once{1, 0};
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(kPort);
    check(::inet_pton(AF_INET, server, &to.sin_addr) == 1, "address");
    check(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0, server);
    check(write_all(fd.get(), kHello.data(), kHello.size()) && read_all(fd.get(), kAnswer), "hello");
    return fd;
}

struct Measure {
    const char* what;
    double (*rate)(const char* server, std::chrono::milliseconds time);
};

template <typename Work>
double per_second(std::chrono::milliseconds time, const Work& work) {
    const auto begin = Clock::now();
    std::uint64_t done = 0;
    while (Clock::now() - begin < time) {
        done += work();
    }
    return static_cast<double>(done) / std::chrono::duration<double>(Clock::now() - begin).count();
}

double connections(const char* server, std::chrono::milliseconds time) {
    return per_second(time, [&] { return open_connection(server).get() >= 0 ? 1U : 0U; });
}
double requests(const char* server, std::chrono::milliseconds time) {
    const Fd fd = open_connection(server);
    return per_second(time, [&] {
        char byte = 'r';
        check(::send(fd.get(), &byte, 1, MSG_NOSIGNAL) == 1 && ::read(fd.get(), &byte, 1) == 1, "request");
        return 1U;
    });
}
double throughput(const char* server, std::chrono::milliseconds time) {
    const Fd fd = open_connection(server);
    const std::vector<std::uint8_t> block(kBlock, 'x');
    const std::uint8_t swallow = 'S';
    check(write_all(fd.get(), &swallow, 1), "request");
    return per_second(time, [&] {
        check(write_all(fd.get(), block.data(), block.size()), "send");
        return block.size();
    });
}

const Measure kMeasures[] = {
    {"connect, request, close", connections}, {"requests on one connection", requests}, {"throughput", throughput}};

double measured(const Measure& measure, const Path& path, std::chrono::milliseconds time) {
    double rate = 0;
    run_inside(*path.netns, [&] { rate = measure.rate(path.server, time); });
    return rate;
}

struct Variant {
    const char* name;
    Path path;
    std::vector<double> ratios;
};

std::string tls_policy(const char* name, const char* app, const char* mode) {
    std::string out = allow_domains(name, std::string("app == '") + app + "'", {kName});
    const std::string line = std::string("  name: ") + name + "\n";
    return out.insert(out.find(line), std::string("  annotations: {namegate.dev/tls: \"") + mode + "\"}\n");
}

// The 95 % interval of the median, by ranks.
std::pair<double, double> interval(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const auto n = static_cast<double>(values.size());
    const auto low = static_cast<std::size_t>(std::max(0.0, std::floor(n / 2 - 0.98 * std::sqrt(n))));
    const auto high = std::min(values.size() - 1, static_cast<std::size_t>(std::ceil(n / 2 + 0.98 * std::sqrt(n))));
    return {values[low], values[high]};
}

void run(bool quick) {
    Site site;
    Server server(site.world);
    site.world.set_name(kName, {kServer});
    site.node.write_policy("p.yaml", tls_policy("named", "named", "off") + tls_policy("bound", "bound", "require"));
    site.node.start_daemon();
    const auto open = site.node.add({"open", "default", {{"app", "open"}}});
    const auto named = site.node.add({"named", "default", {{"app", "named"}}});
    const auto bound = site.node.add({"bound", "default", {{"app", "bound"}}});
    const bench::PlainPod plain(2);
    bench::PlainPod programs(3);
    programs.attach_empty_programs();
    const bench::NftPod nft(site.world.netns(), kPort);
    for (const auto* pod : {named.get(), bound.get()}) {
        check(resolve(*pod, kName).has_value(), "lookup");
    }
    const unsigned rounds = quick ? 8 : 60;
    const std::chrono::milliseconds time(quick ? 30 : 80);
    std::printf("\nTCP end to end: rate divided by that of a plain veth pair, median of %u rounds of %ld ms each, 95 %% interval\n\n",
                rounds, static_cast<long>(time.count()));
    for (const Measure& measure : kMeasures) {
        Variant variants[] = {
            {"plain again", {&plain.netns(), kServer}, {}},          {"two empty programs", {&programs.netns(), kServer}, {}},
            {"namegate, open", {&open->netns, kServer}, {}},         {"namegate, by name", {&named->netns, kServer}, {}},
            {"namegate, TLS require", {&bound->netns, kServer}, {}}, {"nft set and conntrack", {&nft.netns(), nft.server()}, {}}};
        std::vector<double> bases;
        for (unsigned round = 0; round < rounds; ++round) {
            for (std::size_t turn = 0; turn < std::size(variants); ++turn) {
                Variant& variant = variants[(turn + round) % std::size(variants)];
                const double base = measured(measure, {&plain.netns(), kServer}, time);
                variant.ratios.push_back(measured(measure, variant.path, time) / base);
                bases.push_back(base);
            }
        }
        std::printf("%s (plain: %.0f a second)\n", measure.what, median(bases));
        for (const Variant& variant : variants) {
            const auto [low, high] = interval(variant.ratios);
            std::printf("  %-24s %.4f  (%.4f to %.4f)\n", variant.name, median(variant.ratios), low, high);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    try {
        enter_private_node();
        run(argc > 1 && std::strcmp(argv[1], "--quick") == 0);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_connections: %s\n", error.what());
        return 1;
    }
    return 0;
}

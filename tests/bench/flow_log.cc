// SPDX-License-Identifier: Apache-2.0
//
// What the flow log costs for each flow that ended, in processor time: to make the event of what the programs report, the line, and
// to write it, with rotation. The node is real: 1 pod with a policy and 1,000 names that it has looked up.
// usage: bench_flow_log PLUGIN FOLDER (in a network namespace of its own)
#include <arpa/inet.h>
#include <malloc.h>
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/events/enrich.h"
#include "daemon/events/event_json.h"
#include "daemon/flow_log/ecs_line.h"
#include "daemon/flow_log/open_flow_log.h"
#include "datapath/address.h"
#include "measure.h"
#include "support/bpffs.h"

using namespace namegate;

namespace {

constexpr unsigned kNames = 1000;
constexpr unsigned kEvents = 200'000;
constexpr double kEventsASecond = 20'000;

template <typename T>
T must(Result<T> result) {
    if (!result) {
        std::fprintf(stderr, "bench_flow_log: %s\n", result.error().message().c_str());
        std::exit(1);
    }
    return std::move(result).value();
}

void must_run(const std::string& command) {
    if (std::system(command.c_str()) != 0) {
        std::fprintf(stderr, "bench_flow_log: failed: %s\n", command.c_str());
        std::exit(1);
    }
}

// Of this thread: other programs on the machine do not count.
double cpu_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

void measure(const char* what, const std::function<void(unsigned)>& work) {
    const double begin = cpu_ns();
    for (unsigned i = 0; i < kEvents; ++i) {
        work(i);
    }
    const double each = (cpu_ns() - begin) / kEvents;
    std::printf("  %-58s %8.0f %8.1f\n", what, each, each * kEventsASecond / 1e9 * 100);
}

IpAddress address_of(unsigned number) {
    return IpAddress::v4({198, 18, static_cast<std::uint8_t>(number / 256), static_cast<std::uint8_t>(number % 256)});
}

void write_files(const std::string& folder) {
    must_run("mkdir -p " + folder +
             "/policies.d /run/netns && mount -t tmpfs none /run/netns && touch /run/netns/pod && "
             "unshare --net=/run/netns/pod true");
    std::ofstream(folder + "/policies.d/a.yaml")
        << "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: default.allow-egress-to-domain}\n"
           "spec:\n  selector: all()\n  types: [Egress]\n  egress:\n  - {action: Allow, destination: {domains: ['*.example.com']}}\n";
    std::ofstream(folder + "/namegate.yaml") << "policyDirs: [" << folder << "/policies.d]\nstateDir: " << folder
                                             << "/run\ncacheDir: " << folder
                                             << "/var\nbpffsDir: /sys/fs/bpf/namegate-bench\nlabelSources: [cni-args, files]\n"
                                             << "flowLog: {path: " << folder << "/log/flows.jsonl, maxSizeMB: 20, maxFiles: 2}\n";
    std::ofstream(folder + "/net.conf")
        << R"({"cniVersion":"1.0.0","name":"net","type":"namegate","config":")" << folder
        << R"(/namegate.yaml","ipam":{"type":"host-local","ranges":[[{"subnet":"10.88.0.0/20"}]],"dataDir":")" << folder
        << R"(/ipam"},"args":{"cni":{"labels":[{"key":"app","value":"weather"},{"key":"tier","value":"web"}]}}})";
}

void cni(const std::string& plugin, const std::string& folder, const char* command) {
    must_run(std::string("CNI_COMMAND=") + command +
             " CNI_CONTAINERID=0123456789abcdef CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni CNI_NETNS=/run/netns/pod"
             " CNI_ARGS='IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=weather-7d4b9c6f5-x2x9k' " +
             plugin + " < " + folder + "/net.conf > /dev/null");
}

void run(const std::string& folder) {
    const SystemClock clock;
    const auto node = must(daemon::Node::open(must(config::load_config(folder + "/namegate.yaml")), clock));
    const std::uint32_t endpoint = node->records().begin()->first;
    for (unsigned i = 0; i < kNames; ++i) {
        dns::Learning learning;
        learning.chain_names = {"name" + std::to_string(i) + ".service.example.com"};
        learning.addresses.push_back({address_of(i), 300, 0, 1, false});
        node->name_history().note(endpoint, learning);
        node->cache().record(endpoint, learning, {});
    }
    ng_event event{};
    event.kind = NG_EVENT_ENDED;
    event.payload = sizeof(ng_flow_end);
    event.endpoint = endpoint;
    event.protocol = 6;
    event.be_remote_port = htons(443);
    ng_flow_end end{{10, 12}, {1000, 20'000}, clock.boot_ns(), NG_ENDED_CLOSED, 0};
    std::vector<std::uint8_t> payload(sizeof(end));
    const auto next = [&](unsigned i) {
        event.boot_ns = clock.boot_ns();
        event.remote = datapath::to_ng_addr(address_of(i % kNames));
        event.be_local_port = htons(static_cast<std::uint16_t>(1024 + i % 60'000));
        std::memcpy(payload.data(), &end, sizeof(end));
        return daemon::enrich(*node, event, payload);
    };
    std::printf("\nFlow log, for each flow that ended\n  %-58s %8s %8s\n", "", "ns", "% of a core at 20,000 a second");
    measure("the event", next);
    const daemon::Event sample = next(1);
    const daemon::EndpointText text = daemon::describe_endpoint(*node, node->records().begin()->second);
    std::string line;
    measure("the line", [&](unsigned) {
        line.clear();
        daemon::append_line(line, sample, "node-1", &text);
    });
    measure("the line, by a tree of JSON (monitor -o json)", [&](unsigned) { line = api::dump(daemon::event_json(sample)); });
    const auto log = daemon::open_flow_log(*node);
    measure("the event, the line, and writing it", [&](unsigned i) {
        log->take(next(i));
        if (i % 1000 == 0) {
            log->work();
        }
    });
    log->finish();
    line.clear();
    daemon::append_line(line, sample, "node-1", &text);
    std::printf("  %zu bytes a line; %llu lines written, %llu lost\n", line.size(),
                static_cast<unsigned long long>(node->flow_log_counts().lines),
                static_cast<unsigned long long>(node->flow_log_counts().lost));
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) {
        std::fprintf(stderr, "usage: bench_flow_log PLUGIN FOLDER\n");
        return 2;
    }
    bench::pin_to_one_cpu();
    const test::Bpffs pins;
    ::mallopt(M_MXFAST, 0);  // as in the daemon
    const std::string folder = arguments[2];
    write_files(folder);
    cni(arguments[1], folder, "ADD");
    run(folder);
    cni(arguments[1], folder, "DEL");
    return 0;
}

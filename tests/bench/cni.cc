// SPDX-License-Identifier: Apache-2.0
//
// How long ADD and DEL take for a container runtime: from the start of the plugin's process to its end. namegate without and with
// its daemon, and the reference plugins ptp and bridge, in turn in one run, all with the same host-local IPAM, which is also run by
// itself, on a separate node. Under namegate a policy with domains selects every pod.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "measure.h"
#include "support/netns.h"
#include "support/temp_dir.h"

using namespace namegate::test;
using namegate::bench::percentile;
using nlohmann::json;

extern char** environ;

namespace {

const std::string kReferencePlugins = "/usr/lib/cni/";
constexpr std::chrono::milliseconds kPodLives(100);  // what an ADD started is done when the DEL comes

struct Candidate {
    std::string name;
    std::string program;
    json config;
    bool needs_daemon = false;
    std::vector<double> add_ms;
    std::vector<double> del_ms;
};

class CniBench {
  public:
    CniBench(const std::string& plugin, const std::string& daemon, std::string control, const std::string& examples)
        : control_(std::move(control)) {
        for (const char* folder : {"bin", "policies.d", "state", "cache"}) {
            must_run("mkdir -p " + path(folder));
        }
        plugin_ = installed(plugin);
        daemon_ = daemon.empty() ? daemon : installed(daemon);
        must_run("mount -t tmpfs tmpfs " + path("state"));  // as /run is
        must_run("cp " + examples + "/network-policy.yaml " + path("policies.d/"));
        std::ofstream(path("namegate.yaml"))
            << "policyDirs: [" + path("policies.d") + "]\nstateDir: " + path("state") + "\ncacheDir: " + path("cache") +
                   "\nbpffsDir: /sys/fs/bpf/namegate\nlabelSources: [cni-args, files]\ndnsTrustedServers: [192.0.2.53]\n";
        must_run(
            "ip link add node0 type veth peer name node1 && ip link set node1 up && ip address add 192.0.2.1/24 dev node0 && "
            "ip address add 2001:db8::1/64 dev node0 nodad && ip link set node0 up");
    }

    ~CniBench() { static_cast<void>(run_command("umount " + path("state"))); }
    CniBench(const CniBench&) = delete;
    CniBench& operator=(const CniBench&) = delete;
    CniBench(CniBench&&) = delete;
    CniBench& operator=(CniBench&&) = delete;

    void run(bool v6, unsigned rounds) {
        std::vector<Candidate> all{candidate("namegate, no daemon", plugin_, "namegate", v6), reference("ptp", v6), reference("bridge", v6),
                                   candidate("an empty program", "/bin/true", "true", v6), reference("host-local", v6)};
        if (!daemon_.empty()) {
            all.insert(all.begin() + 1, candidate("namegate, daemon", plugin_, "namegate", v6));
            all[1].needs_daemon = true;
        }
        for (unsigned round = 0; round <= rounds; ++round) {
            for (Candidate& it : all) {
                one(it, round != 0);  // the first one loads programs and files, for all
            }
        }
        print(all, v6);
    }

  private:
    static std::string to_text(double ms) {
        std::array<char, 32> text{};
        std::snprintf(text.data(), text.size(), "%.1f", ms);
        return text.data();
    }

    // Net: less the time of the last one, the address plugin by itself.
    static void print(const std::vector<Candidate>& all, bool v6) {
        const double ipam_add = percentile(all.back().add_ms, 50);
        const double ipam_del = percentile(all.back().del_ms, 50);
        std::printf("%-22s %8s %8s %8s   %8s %8s %8s\n", v6 ? "IPv4 and IPv6, ms" : "IPv4, ms", "ADD", "p99", "net", "DEL", "p99", "net");
        for (const Candidate& it : all) {
            const double add = percentile(it.add_ms, 50);
            const double del = percentile(it.del_ms, 50);
            const bool is_plugin = &it < &all.back() - 1;
            std::printf("%-22s %8.1f %8.1f %8s   %8.1f %8.1f %8s\n", it.name.c_str(), add, percentile(it.add_ms, 99),
                        is_plugin ? to_text(add - ipam_add).c_str() : "", del, percentile(it.del_ms, 99),
                        is_plugin ? to_text(del - ipam_del).c_str() : "");
        }
        std::printf("\n");
    }

    // As install.sh installs a program: with the file that the linker wrote, an ADD takes half a millisecond longer.
    std::string installed(const std::string& program) const {
        const std::string copy = path("bin/") + program.substr(program.rfind('/') + 1);
        must_run("strip -o " + copy + " " + program);
        return copy;
    }

    std::string path(const std::string& name) const { return directory_.path() + "/" + name; }

    Candidate candidate(const std::string& name, const std::string& program, const std::string& type, bool v6) const {
        json ranges = json::array({json::array({{{"subnet", "10.22.0.0/16"}}})});
        json routes = json::array({{{"dst", "0.0.0.0/0"}}});
        if (v6) {
            ranges.push_back(json::array({{{"subnet", "fd22::/64"}}}));
            routes.push_back({{"dst", "::/0"}});
        }
        json config{{"cniVersion", "1.0.0"},
                    {"name", "bench-" + type},
                    {"type", type},
                    {"ipam", {{"type", "host-local"}, {"ranges", ranges}, {"routes", routes}}}};
        if (type == "namegate") {
            config["config"] = path("namegate.yaml");
        }
        if (type == "bridge") {
            config["bridge"] = "bench0";
            config["isGateway"] = true;
        }
        return {name, program, config, false, {}, {}};
    }
    Candidate reference(const std::string& type, bool v6) const { return candidate(type, kReferencePlugins + type, type, v6); }

    void one(Candidate& it, bool counts) {
        const TestNetns netns;
        const std::string id = "bench" + std::to_string(next_++);
        if (it.needs_daemon) {
            start_daemon();
        }
        const double add = call(it, "ADD", id, netns.path());
        std::this_thread::sleep_for(kPodLives);
        const double del = call(it, "DEL", id, netns.path());
        if (it.needs_daemon) {
            stop_daemon();
        }
        if (counts) {
            it.add_ms.push_back(add);
            it.del_ms.push_back(del);
        }
    }

    // Milliseconds. Throws unless the plugin succeeds.
    double call(const Candidate& it, const std::string& command, const std::string& id, const std::string& netns) {
        const std::string in = path("in");
        const std::string out = path("out");
        std::ofstream(in) << it.config.dump();
        std::vector<std::string> environment{"CNI_COMMAND=" + command,
                                             "CNI_CONTAINERID=" + id,
                                             "CNI_NETNS=" + netns,
                                             "CNI_IFNAME=eth0",
                                             "CNI_PATH=" + kReferencePlugins,
                                             "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                             "CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=" + id};
        const auto begin = std::chrono::steady_clock::now();
        const int status = wait_for(spawn({it.program}, environment, in, out));
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
        if (status != 0) {
            throw std::runtime_error(it.name + ": " + command + " failed: " + must_run("cat " + out));
        }
        return took.count();
    }

    static pid_t spawn(std::vector<std::string> arguments, std::vector<std::string> environment, const std::string& in,
                       const std::string& out) {
        const auto pointers = [](std::vector<std::string>& strings) {
            std::vector<char*> list;
            for (std::string& text : strings) {
                list.push_back(text.data());
            }
            list.push_back(nullptr);
            return list;
        };
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_addopen(&actions, 0, in.c_str(), O_RDONLY, 0);
        ::posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        ::posix_spawn_file_actions_addopen(&actions, 2, (out + ".err").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        pid_t pid = 0;
        std::vector<char*> argv = pointers(arguments);
        std::vector<char*> envp = pointers(environment);
        const int error = ::posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), envp.data());
        ::posix_spawn_file_actions_destroy(&actions);
        if (error != 0) {
            throw std::runtime_error("starting " + arguments[0] + ": " + std::strerror(error));
        }
        return pid;
    }
    static int wait_for(pid_t pid) {
        int status = 0;
        while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
        return status;
    }

    void start_daemon() {
        daemon_pid_ =
            spawn({daemon_, "--config", path("namegate.yaml")}, {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, "/dev/null", path("daemon.log"));
        for (int i = 0; i < 200; ++i) {
            if (run_command(control_ + " -s " + path("state/namegated.sock") + " status").status == 0) {
                return;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        throw std::runtime_error("the daemon does not become healthy: " + run_command("cat " + path("daemon.log.err")).text);
    }
    void stop_daemon() {
        ::kill(daemon_pid_, SIGTERM);
        wait_for(daemon_pid_);
    }

    TempDir directory_;
    std::string plugin_;
    std::string daemon_;
    std::string control_;
    pid_t daemon_pid_ = 0;
    unsigned next_ = 0;
};

}  // namespace

// usage: bench_cni PLUGIN DAEMON CONTROL EXAMPLES [--quick]
int main(int argc, char** argv) {
    if (argc < 5) {
        std::fprintf(stderr, "usage: bench_cni PLUGIN DAEMON CONTROL EXAMPLES [--quick]\n");
        return 2;
    }
    const bool quick = argc > 5 && std::strcmp(argv[5], "--quick") == 0;
    const unsigned rounds = quick ? 30 : 200;
    try {
        require_root();
        for (const char* needed : {"ptp", "bridge", "host-local"}) {
            if (::access((kReferencePlugins + needed).c_str(), X_OK) != 0) {
                std::fprintf(stderr, "bench_cni: needs the package containernetworking-plugins (%s)\n", needed);
                return 1;
            }
        }
        enter_private_node();
        std::printf("\nCNI: time of one call, %u rounds turn by turn, host-local IPAM\n\n", rounds);
        CniBench bench(argv[1], argv[2], argv[3], argv[4]);
        bench.run(false, rounds);
        bench.run(true, rounds);
        std::printf(
            "net: the median without that of host-local by itself. It holds the start and end of the plugin's own process, which\n"
            "takes an empty program as long as the table says. namegate compiles and enforces a policy with domains within ADD, and\n"
            "removes it within DEL; the others enforce nothing. With IPv6, ptp waits for duplicate address detection.\n");
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_cni: %s\n", error.what());
        return 1;
    }
    return 0;
}

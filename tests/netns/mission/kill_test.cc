// SPDX-License-Identifier: Apache-2.0
// The second promise: no daemon in the way. Processes die in the middle of their work; policy stays enforced, names are still
// learned, pods start, and nothing is left behind.
#include <netinet/in.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "datapath/loader.h"
#include "datapath/slots.h"
#include "site.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr unsigned kRestarts = 10;
constexpr unsigned kLoadNames = 6000;  // then they are repeated: an endpoint's learned addresses are limited
constexpr unsigned kVisitsWithoutDaemon = 60;
constexpr unsigned kMoments = 16;

// A pod that looks up names and connects, all the time.
class Load {
  public:
    explicit Load(const Pod& pod) : first_(World::take_indexes(2 * kLoadNames)) {
        thread_ = std::thread([this, &pod] { pod.netns.within([this] { run(); }); });
    }
    ~Load() { stop(); }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;
    Load(Load&&) = delete;
    Load& operator=(Load&&) = delete;

    void stop() {
        stop_ = true;
        if (thread_.joinable()) {
            thread_.join();
        }
    }
    unsigned visits() const { return visits_; }
    // Waits for this many more visits.
    bool go_on(unsigned more) const {
        const unsigned until = visits_ + more;
        return eventually([&] { return visits_ >= until; }, Milliseconds(30000));
    }

    std::atomic<unsigned> unanswered{0};
    std::atomic<unsigned> denied{0};  // an allowed name that could not be reached at once
    std::atomic<unsigned> leaked{0};  // a name outside the policy that could

  private:
    void run() {
        for (unsigned i = 0; !stop_; ++i) {
            const bool outside = i % 4 == 3;
            const bool v6 = i % 2 == 1;
            const unsigned index = first_ + i % kLoadNames + (outside ? kLoadNames : 0);
            const Fd udp = open_socket(AF_INET, SOCK_DGRAM);
            const auto answer =
                ask(udp, {World::fresh_name(index, i % 3, outside ? "denied.test" : "allowed.test"), v6 ? kTypeAaaa : kTypeA, kServer4});
            if (!answer || answer->addresses.empty()) {
                unanswered += 1;
                continue;
            }
            Fd tcp = open_tcp(answer->addresses[0]);
            const bool connected = connect_to(tcp, answer->addresses[0], kTcpPort, outside ? Milliseconds(10) : kBeforeRepeat).connected;
            drop_connection(tcp);
            leaked += outside && connected ? 1U : 0U;
            denied += !outside && !connected ? 1U : 0U;
            visits_ += 1;
        }
    }

    unsigned first_;
    std::atomic<unsigned> visits_{0};
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

std::size_t open_files(pid_t pid) {
    std::size_t count = 0;
    std::error_code ignored;
    for (auto it = std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd", ignored);
         it != std::filesystem::directory_iterator(); ++it) {
        count += 1;
    }
    return count;
}

// State of endpoints that is only in maps. The maps of a slot are not pinned themselves; maps that are pinned have them.
struct KernelState {
    unsigned inner_maps = 0;
    std::size_t used_slots = 0;
};

KernelState kernel_state(const Node& node) {
    const auto lock = FileLock::acquire(node.folder() + "/state/lock", 10000);
    REQUIRE(lock);
    datapath::DatapathOptions options;
    options.bpffs_dir = node.bpffs();
    auto opened = datapath::Datapath::open(options);
    REQUIRE(opened);
    KernelState state;
    for (const datapath::MapId outer : {datapath::MapId::kFlows, datapath::MapId::kLearnt, datapath::MapId::kPending}) {
        for (std::uint32_t slot = 0; slot < NG_MAX_SLOTS; ++slot) {
            state.inner_maps += (*opened)->inner_map(outer, slot) ? 1U : 0U;
        }
    }
    const auto used = datapath::used_slots(**opened);
    REQUIRE(used);
    state.used_slots = used->size();
    return state;
}

// A pod that starts, does its work and ends, while there is no daemon.
void live_a_life(const Node& node, const std::string& name) {
    const auto pod = node.add({name, "default", {{"app", "client"}}});
    const unsigned index = World::take_indexes(2);
    CHECK(reaches(*pod, World::fresh_name(index, 1, "allowed.test")));
    CHECK_FALSE(reaches(*pod, World::fresh_name(index + 1, 1, "denied.test"), kDenied));
    node.remove(*pod);
}

}  // namespace

TEST_CASE("the daemon is killed and started again, ten times under load: no lookup or connection fails, nothing grows") {
    Site site;
    site.node.write_policy("policy.yaml", allow_domains("load", "app == \"client\"", {"*.allowed.test"}));
    site.node.start_daemon();
    const auto pod = site.node.add({"load", "default", {{"app", "client"}}});
    live_a_life(site.node, "first");
    const std::string pins = site.node.pins();
    const std::string state = site.node.state();
    unsigned maps = 0;
    std::size_t files = 0;
    Load load(*pod);
    for (unsigned i = 0; i < kRestarts; ++i) {
        INFO("restart " << i);
        CHECK(load.go_on(20));
        site.node.kill_daemon();
        CHECK(load.go_on(kVisitsWithoutDaemon));
        if (i % 3 == 0) {
            live_a_life(site.node, "orphan");
        }
        site.node.start_daemon();
        CHECK(load.go_on(20));
        // Measured after the first start, which may have made spares.
        files = i == 0 ? open_files(site.node.daemon()->pid()) : files;
        maps = i == 0 ? kernel_state(site.node).inner_maps : maps;
        CHECK(eventually([&] { return open_files(site.node.daemon()->pid()) <= files + 1; }));
        CHECK(site.node.pins() == pins);
        CHECK(site.node.state() == state);
    }
    load.stop();
    std::printf("daemon killed %u times: %u visits, %u lookups failed, %u wrongly denied, %u wrongly allowed\n", kRestarts, load.visits(),
                load.unanswered.load(), load.denied.load(), load.leaked.load());
    CHECK(load.unanswered == 0);
    CHECK(load.denied == 0);
    CHECK(load.leaked == 0);
    CHECK(kernel_state(site.node).inner_maps == maps);
    site.node.stop_daemon();
    site.node.remove(*pod);
    CHECK(site.node.state() == "");
}

TEST_CASE("what the next daemon finds: a pod that was added and one that was removed meanwhile, an edited policy") {
    Site site;
    site.node.write_policy("policy.yaml", allow_domains("p", "app == \"client\"", {"*.allowed.test"}));
    site.node.start_daemon();
    const auto gone = site.node.add({"gone", "default", {{"app", "client"}}});
    site.node.kill_daemon();
    site.node.remove(*gone);
    const auto come = site.node.add({"come", "default", {{"app", "client"}}});
    site.node.write_policy("policy.yaml", allow_domains("p", "app == \"client\"", {"*.edited.test"}));
    site.node.start_daemon();
    const unsigned index = World::take_indexes(4);
    unsigned next = index;
    CHECK(eventually([&] { return reaches(*come, World::fresh_name(next, 0, "edited.test"), kDenied); }));
    next += 1;
    CHECK_FALSE(reaches(*come, World::fresh_name(next, 0, "allowed.test"), kDenied));
    site.node.remove(*come);
    CHECK(site.node.state() == "");
    site.node.stop_daemon();
}

namespace {

// Starts the call and kills it. Returns whether it was still running.
bool kill_call(const Node& node, const std::string& command, const Pod& pod, Milliseconds moment) {
    const auto process = node.start(command, pod, node.folder() + "/calls/killed");
    process->wait(moment);
    process->signal(SIGKILL);
    return process->wait(kPatience) == 128 + SIGKILL;
}

std::chrono::microseconds duration_of(const Node& node, const std::string& command, Pod& pod) {
    const auto start = SteadyClock::now();
    const CniReply reply = node.call(command, pod);
    INFO(reply.text());
    REQUIRE(reply.status == 0);
    return std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - start);
}

}  // namespace

TEST_CASE("the plugin is killed at any moment of ADD or DEL: the next DEL leaves nothing, and a new ADD works") {
    const bool with_daemon = GENERATE(true, false);
    const std::string command = GENERATE("ADD", "DEL");
    INFO(command << (with_daemon ? ", daemon running" : ", no daemon"));
    Site site;
    site.node.write_policy("policy.yaml", allow_domains("p", "app == \"client\"", {"*.allowed.test"}));
    if (with_daemon) {
        site.node.start_daemon();
    }
    live_a_life(site.node, "first");
    Pod measured(PodSpec{"measured", "default", {{"app", "client"}}});
    auto add_time = duration_of(site.node, "ADD", measured);
    auto del_time = duration_of(site.node, "DEL", measured);
    // The fastest of a few: the moments must be inside calls that no other work slows down.
    for (int again = 0; again < 3; ++again) {
        add_time = std::min(add_time, duration_of(site.node, "ADD", measured));
        del_time = std::min(del_time, duration_of(site.node, "DEL", measured));
    }
    auto call_time = command == "ADD" ? add_time : del_time;
    const std::string pins = site.node.pins();
    unsigned killed = 0;
    for (unsigned i = 0; i < kMoments; ++i) {
        const auto moment = std::chrono::duration_cast<Milliseconds>(call_time * i / kMoments);
        INFO("killed after " << moment.count() << " ms");
        Pod pod(PodSpec{"victim", "default", {{"app", "client"}}});
        if (command == "DEL") {
            REQUIRE(site.node.call("ADD", pod).status == 0);
        }
        if (kill_call(site.node, command, pod, moment)) {
            killed += 1;
        } else {
            call_time = moment;  // it takes less time by now: the other moments are nearer
        }
        const CniReply deleted = site.node.call("DEL", pod);
        INFO(deleted.text());
        CHECK(deleted.status == 0);
        // host-local itself can be caught between making a lease and writing its owner.
        must_run("find " + site.node.folder() + "/ipam -type f -name '*[.:]*' -empty -delete");
        CHECK(site.node.state() == "");
        CHECK(site.node.pins() == pins);
        CHECK(kernel_state(site.node).used_slots == 0);
        live_a_life(site.node, "victim");
        CHECK(site.node.state() == "");
    }
    std::printf("plugin killed in the middle of %s %u times, %s: nothing left\n", command.c_str(), killed,
                with_daemon ? "daemon running" : "no daemon");
    CHECK(killed > kMoments / 2);
    if (with_daemon) {
        site.node.stop_daemon();
    }
}

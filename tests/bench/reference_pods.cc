// SPDX-License-Identifier: Apache-2.0
#include "reference_pods.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <net/if.h>

#include <array>
#include <stdexcept>

#include "datapath/hooks.h"

namespace namegate::bench {

using test::must_run;

PlainPod::PlainPod(unsigned number) : link_("bench" + std::to_string(number)) {
    const std::string address = "10.88.200." + std::to_string(number);
    must_run("ip link add " + link_ + " type veth peer name eth0 netns " + netns_.path());
    must_run("ip addr add 169.254.1.1/32 dev " + link_ + " && ip link set " + link_ + " up && ip route add " + address + "/32 dev " +
             link_);
    must_run("sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf." + link_ + ".rp_filter=0");
    netns_.must("ip addr add " + address + "/32 dev eth0");
    netns_.must("ip link set eth0 up");
    netns_.must("ip route add 169.254.1.1 dev eth0");
    netns_.must("ip route add default via 169.254.1.1");
}

PlainPod::~PlainPod() { test::run_command("ip link del " + link_); }

void PlainPod::attach_empty_programs() {
    std::array<bpf_insn, 2> pass{};
    pass[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
    pass[0].imm = -1;  // TCX_NEXT
    pass[1].code = BPF_JMP | BPF_EXIT;
    const Fd program(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "bench_empty", "GPL", pass.data(), pass.size(), nullptr));
    if (program.get() < 0) {
        test::fail_with_errno("loading an empty program");
    }
    const auto index = static_cast<int>(::if_nametoindex(link_.c_str()));
    for (const datapath::Hook& hook : datapath::kHooks) {
        links_.emplace_back(bpf_link_create(program.get(), index, static_cast<bpf_attach_type>(hook.tcx), nullptr));
        if (links_.back().get() < 0) {
            test::fail_with_errno("attaching an empty program");
        }
    }
}

NftPod::NftPod(const test::TestNetns& world, std::uint16_t port) {
    const std::string name = node_.name();
    const auto connect = [&](const test::TestNetns& other, const char* near, const char* far, const char* near_address,
                             const char* far_address) {
        must_run("ip -n " + name + " link add " + near + " type veth peer name " + far + " netns " + other.path());
        must_run("ip -n " + name + " addr add " + near_address + " dev " + near + " && ip -n " + name + " link set " + near + " up");
        must_run("ip -n " + other.name() + " addr add " + far_address + " dev " + far + " && ip -n " + other.name() + " link set " + far +
                 " up");
    };
    connect(world, "uplink", "nft0", "198.51.100.2/24", "198.51.100.1/24");
    connect(pod_, "pod0", "eth0", "10.89.200.1/24", "10.89.200.2/24");
    must_run("ip -n " + world.name() + " route add 10.89.200.0/24 via 198.51.100.2");
    must_run("ip -n " + pod_.name() + " route add default via 10.89.200.1");
    must_run("ip netns exec " + name + " sysctl -qw net.ipv4.ip_forward=1");
    must_run(
        "ip netns exec " + name +
        " nft 'table inet bench { set names { type ipv4_addr; elements = { 198.51.100.1, 198.51.100.3 }; }; chain forward { type filter "
        "hook forward priority 0; policy drop; ct state established,related accept; ip saddr 10.89.200.2 ip daddr @names tcp dport " +
        std::to_string(port) + " ct state new accept; }; }'");
}

}  // namespace namegate::bench

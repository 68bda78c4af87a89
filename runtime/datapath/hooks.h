// SPDX-License-Identifier: Apache-2.0
//
// The two hooks of an interface and what is on them, by pinned tcx link or by clsact filter: the parts of attaching
// that need no datapath. For this folder only. Owns nothing; acts in the network namespace of the calling thread.
#pragma once

#include <bpf/libbpf.h>

#include <array>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "datapath/loader.h"

namespace namegate::datapath {

// Newer than the headers of Debian 12; both are the kernel's ABI.
inline constexpr int kTcxIngress = 46;
inline constexpr int kTcxEgress = 47;

struct Hook {
    ProgramId program;
    int tcx;
    bpf_tc_attach_point clsact;
    const char* suffix;  // of the link's pin
};
inline constexpr std::array<Hook, 2> kHooks{Hook{ProgramId::kPodEgress, kTcxIngress, BPF_TC_INGRESS, "-in"},
                                            Hook{ProgramId::kPodIngress, kTcxEgress, BPF_TC_EGRESS, "-out"}};

// In the folder of any layout version.
std::string link_path(const std::string& folder, const std::string& ifname, const Hook& hook);

struct LinkState {
    std::uint32_t ifindex = 0;  // 0: severed, the interface is gone
    std::uint32_t program = 0;
};
Result<LinkState> link_state(int link);
// From one program to the other between two packets. A severed link is left alone.
Result<> update_link(int link, int program, const std::string& path);

Result<std::uint32_t> program_number(int program);
// The id of our filter's program; 0 when there is none.
std::uint32_t filter_program(const Hook& hook, std::uint32_t ifindex);
// Puts the program there, or in the place of the one that is there, between two packets.
Result<> put_filter(const Hook& hook, int program, const std::string& ifname, std::uint32_t ifindex);
Result<> remove_filter(const Hook& hook, const std::string& ifname, std::uint32_t ifindex);

}  // namespace namegate::datapath

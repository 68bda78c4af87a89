// SPDX-License-Identifier: Apache-2.0
//
// The two hooks of an interface and the programs on them, attached by pinned tcx links or by clsact filters: the part of
// attaching that needs no datapath. Only for this folder. Owns nothing; acts in the network namespace of the calling
// thread.
#pragma once

#include <bpf/libbpf.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "datapath/loader.h"

namespace namegate::datapath {

// Not in the headers of Debian 12; both numbers are ABI of the kernel.
inline constexpr int kTcxIngress = 46;
inline constexpr int kTcxEgress = 47;

struct Hook {
    ProgramId program;
    int tcx;
    bpf_tc_attach_point clsact;
    const char* suffix;  // of the pin's name
};
inline constexpr std::array<Hook, 2> kHooks{Hook{ProgramId::kPodEgress, kTcxIngress, BPF_TC_INGRESS, "-in"},
                                            Hook{ProgramId::kPodIngress, kTcxEgress, BPF_TC_EGRESS, "-out"}};

inline constexpr std::size_t kMaxLinks = 65536;  // pins in a folder of links

// `folder` may be that of any layout version.
std::string link_path(const std::string& folder, const std::string& ifname, const Hook& hook);

struct LinkState {
    std::uint32_t ifindex = 0;  // 0: severed, the interface is gone
    std::uint32_t program = 0;
};
Result<LinkState> link_state(int link);
// Replaces the program of a link between two packets. A severed link is ignored.
Result<> update_link(int link, int program, const std::string& path);

Result<std::uint32_t> program_number(int program);
// The id of the program in namegate's filter, or 0 when the filter does not exist.
std::uint32_t filter_program(const Hook& hook, std::uint32_t ifindex);
// Attaches the program as a filter, or replaces that of an existing filter between two packets.
Result<> put_filter(const Hook& hook, int program, const std::string& ifname, std::uint32_t ifindex);
Result<> remove_filter(const Hook& hook, const std::string& ifname, std::uint32_t ifindex);

}  // namespace namegate::datapath

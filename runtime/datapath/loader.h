// SPDX-License-Identifier: Apache-2.0
//
// The datapath of a node: maps and programs, loaded and verified once and pinned under
// <bpffs_dir>/v<ABI>/{maps,programs,links}; later processes only open the pins they need. A load is made
// in a folder beside and renamed into place, so that a crash leaves either nothing or everything.
// Owns the descriptors it opened. The caller holds the node lock around open() and around every writer of
// this folder; the object itself belongs to one thread. Errors of the verifier carry its log.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "datapath/bpf/abi.h"

namespace namegate::datapath {

enum class AttachMode { kAuto, kTcx, kClsact };

struct DatapathOptions {
    std::string bpffs_dir = "/sys/fs/bpf/namegate";
    std::uint32_t learnt_per_endpoint = NG_LEARNT_PER_ENDPOINT;
    std::uint32_t flows_per_endpoint = NG_FLOWS_PER_ENDPOINT;
    std::uint32_t spare_slots = 4;  // made ahead at load
    AttachMode attach = AttachMode::kAuto;
};

enum class MapId : std::uint8_t {
    kIfaces,
    kNearIfaces,
    kEndpoints,
    kCidr4,
    kCidr6,
    kPorts,
    kBitmaps,
    kRules,
    kCounters,
    kPatterns,
    kSuffixes,
    kLearnt,
    kFlows,
    kPending,
    kFrags,
    kTrusted,
    kConfig,
    kMeta,
    kSlots,
    kPolicies,
    kStats,
    kClock,
    kDenyBudget,
    kDnsEvents,
    kEvents,
    kJoins,
    kHeld,
    kHeldTaken,
    kHeldDone,
    kHeldReader,
    kHeldLife,
};
inline constexpr std::size_t kMapCount = 31;

enum class ProgramId : std::uint8_t { kPodEgress, kPodIngress, kClockNow, kEmpty };
inline constexpr std::size_t kProgramCount = 4;

const char* map_name(MapId id);
const char* program_name(ProgramId id);

class Datapath {
  public:
    // Opens the pins, loading and pinning everything when there are none or some were lost.
    static Result<std::unique_ptr<Datapath>> open(const DatapathOptions& options);
    ~Datapath() = default;
    Datapath(const Datapath&) = delete;
    Datapath& operator=(const Datapath&) = delete;
    Datapath(Datapath&&) = delete;
    Datapath& operator=(Datapath&&) = delete;

    // True when this open() loaded anew: every endpoint has to be attached and programmed again.
    bool fresh() const { return fresh_; }
    const DatapathOptions& options() const { return options_; }
    // <bpffs_dir>/v<ABI>
    const std::string& folder() const { return folder_; }
    std::uint64_t seed() const { return meta_.seed; }
    std::uint32_t hz() const { return meta_.hz; }
    // By which the programs know a frame that the daemon puts back (abi.h).
    std::uint32_t held_mark() const { return meta_.held_mark; }

    // Are the pins there, and those that were opened here? False: another open() is due.
    bool is_pinned() const;

    // Descriptors, opened on first use and kept.
    Result<int> map(MapId id);
    Result<int> program(ProgramId id);
    // The inner map of a slot in kLearnt, kFlows or kPending. kNotFound when the slot was never made.
    Result<Fd> inner_map(MapId outer, std::uint32_t slot);

    // Numbers that are never reused while the maps live.
    Result<std::uint32_t> next_endpoint_id();
    Result<std::uint32_t> next_policy_id();

    // Detaches every link and removes the pins of this version: the datapath is gone. For uninstall.
    Result<> remove();

  private:
    explicit Datapath(DatapathOptions options);
    Result<> read_meta();
    Result<std::uint32_t> take_number(std::uint32_t ng_meta::*member);

    DatapathOptions options_;
    std::string folder_;
    bool fresh_ = false;
    ng_meta meta_{};
    std::array<Fd, kMapCount> maps_;
    std::array<Fd, kProgramCount> programs_;
};

}  // namespace namegate::datapath
